"""The alert of `docs/deploy.md`: its check is run against real vaults, its policy is one that the API takes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud.monitoring_v3 import AlertPolicy

from tests.docs.conftest import SmallVault
from tests.docs.deploy.gcloud_words import flag, items
from tests.docs.deploy.pasted_shell import Pasted


def test_the_policy_is_what_the_api_takes(pasted: Pasted) -> None:
    policy = AlertPolicy.from_json((pasted.folder / "policy.json").read_text())
    absent, failed = policy.conditions
    assert 0 < absent.condition_absent.duration.total_seconds() <= 23.5 * 3600
    assert failed.condition_threshold.comparison.name == "COMPARISON_GT"
    jobs = [call[0] for call in pasted.of("gcloud", "run", "jobs", "create")]
    assert re.search(r'job_name = "([\w-]+)"', absent.condition_absent.filter)[1] in jobs  # type: ignore[index]


def run_check(pasted: Pasted, *changed: str) -> subprocess.CompletedProcess[str]:
    """The check of the alert, as Cloud Run runs it; later options come in place of earlier ones."""
    [job] = [call for call in pasted.of("gcloud", "run", "jobs", "create") if call[0] == "shardkeep-check"]
    options = {item.partition("=")[0]: item for item in items(flag(job, "--args"))}
    options.update({item.partition("=")[0]: item for item in changed})
    command = [str(Path(sys.executable).parent / flag(job, "--command")), *options.values()]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_check_is_content_with_a_young_backup(pasted: Pasted, small_vault: SmallVault) -> None:
    ended = run_check(pasted, f"--vault={small_vault.root}", "--name=größe")
    assert (ended.returncode, small_vault.committed.name in ended.stdout) == (0, True), ended.stderr


@pytest.mark.parametrize("changed", ["--name=weekly", "--vault=elsewhere"], ids=["other name", "no vault"])
def test_the_check_fails_without_one(pasted: Pasted, small_vault: SmallVault, changed: str) -> None:
    assert run_check(pasted, f"--vault={small_vault.root}", "--name=größe", changed).returncode == 7
