"""Checking a backup: the job, the report, the verdict."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipelines.command.job.dataflow import label
from pipelines.command.job.engine import Engine, open_pipeline, refuse_distant_workers
from pipelines.command.job.labels import job_labels
from pipelines.command.job.watched import print_elsewhere, watched
from pipelines.command.print.result import Result
from pipelines.command.print.sizes import counted
from pipelines.command.rooms import attachment_check, inspector
from transforms.committed_backup import CommittedBackup
from transforms.errors import IntegrityError, UsageError
from transforms.report import found, report_json
from transforms.vault.catalogue import COMMITTED, Listing
from transforms.vault.find_backup import find_backup
from transforms.vault.format.manifest import Manifest
from transforms.vault.vault import Vault, open_vault
from transforms.verify_work import VerifyWork

Build = Callable[[beam.Pipeline, VerifyWork, str, Result], None]


@dataclass(frozen=True, slots=True)
class VerifyConfig:
    """What a verification was asked to do, checked."""

    vault: str
    backup: str
    folder: str | None
    level: str
    json: bool
    engine: Engine
    name: str | None = None


def run_verify(config: VerifyConfig, build: Build) -> int:
    """Check the backup and print the report; returns the exit code, 5 if something is wrong."""
    refuse_distant_workers(config.vault, config.engine)
    if config.level == "L0" and config.engine.is_launch:
        raise UsageError("--level=L0 reads the manifest alone and runs no job: take L1, or shardkeep verify.")
    try:
        report = _check(config, build)
    except IntegrityError as error:  # an error that prevents the check is the result of the check
        if config.engine.is_launch:
            raise
        report = report_json(found(str(error)))
    if report is None:
        print_elsewhere(config.engine, config.json)
        return 0
    _print({"level": config.level, **report}, config.json)
    return 0 if report["ok"] else IntegrityError.exit_code


def _check(config: VerifyConfig, build: Build) -> dict[str, Any] | None:
    """Run the check; returns the report, or None if only the job's state gives the result."""
    vault = open_vault(config.vault)
    listing = find_backup(vault, config.backup, config.folder, config.name)
    manifest = _committed(listing)
    report = report_json(found(None)) if config.level == "L0" else _run(config, build, vault, listing, manifest)
    return None if report is None else {"backup": listing.backup, "source": listing.folder, **report}


def _committed(listing: Listing) -> Manifest:
    if listing.state != COMMITTED or listing.manifest is None:
        reason = listing.problem or "it has no manifest, or is being deleted."
        raise IntegrityError(f"backup {listing.backup} of {listing.folder} is {listing.state}: {reason}")
    return listing.manifest


def _run(
    config: VerifyConfig, build: Build, vault: Vault, listing: Listing, manifest: Manifest
) -> dict[str, Any] | None:
    source = manifest.intent.source
    with watched(config.engine) as job:
        pipeline = open_pipeline(config.engine)
        label(pipeline, job_labels("verify", listing.folder, listing.backup))
        committed = CommittedBackup(vault.location, listing.folder, listing.backup)
        work = VerifyWork(committed, job.progress, inspector(source), attachment_check(source))
        build(pipeline, work, config.level, job.result)
        job.run(pipeline, "verifying", work.whole(config.level))
        return job.answer()


def _print(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report))
        return
    for problem in report["problems"]:
        print(f"problem: {problem}")
    if report["unnamed_problems"]:
        print(f"and {counted(report['unnamed_problems'], 'further problem')}")
    verdict = "OK" if report["ok"] else "NOT OK"
    checks, problems = counted(report["checked"], "check"), counted(len(report["problems"]), "problem")
    print(f"{verdict}: level {report['level']}, {checks}, {problems}")
