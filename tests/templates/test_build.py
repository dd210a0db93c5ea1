"""The builder writes the specs of all templates, here or on Cloud Storage, and needs no package for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud.storage import Client

from pipelines.command.options.arguments import parse
from templates import build
from templates.spec import Environment
from templates.template import FOLDER, TITLES
from tests.servers import gcloud
from tests.servers.gcs_gate import Gate

IMAGE = "europe-west1-docker.pkg.dev/my-project/my-repository/shardkeep"
ARGUMENTS = (f"--image={IMAGE}", "--tag=0.1.0")
FILES = [f"{template}.json" for template in TITLES]


def refusal(capsys: pytest.CaptureFixture[str], code: int, *argv: str) -> str:
    assert build.main(argv) == code
    return capsys.readouterr().err.removeprefix("shardkeep: ").rstrip()


def test_every_template_gets_its_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a" / "b"
    assert build.main([*ARGUMENTS, f"--out={out}", "--max_workers=3", "--public_ips"]) == 0
    assert capsys.readouterr().out.split() == [str(out / name) for name in FILES]
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    expected = build.specs(IMAGE, "0.1.0", Environment(3, public_ips=True))
    assert {path.name: path.read_text() for path in out.iterdir()} == expected
    assert json.loads(expected["verify.json"])["image"] == f"{IMAGE}/verify:0.1.0"


def test_a_spec_that_is_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "verify.json").write_text("old")
    assert build.main([*ARGUMENTS, f"--out={tmp_path}"]) == 0
    assert json.loads((tmp_path / "verify.json").read_text())["sdkInfo"] == {"language": "PYTHON"}


def test_the_folder_is_in_build_by_default() -> None:
    assert parse(build.options(), ARGUMENTS)[0].out == "build/templates"


def test_no_package_is_needed(tmp_path: Path) -> None:
    # -S: without any folder of packages.
    command = [sys.executable, "-S", "-m", "templates.build", *ARGUMENTS, f"--out={tmp_path}"]
    subprocess.run(command, cwd=FOLDER.parent, check=True, stdout=subprocess.DEVNULL)
    assert len(list(tmp_path.iterdir())) == len(TITLES)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (ARGUMENTS[1:], "the following arguments are required: --image; see python -m templates.build --help"),
        ((f"--image={IMAGE}", "--tag=latest"), "--tag=latest: a template's image must stay what it is; give a version"),
        (
            (f"--image={IMAGE}:0.1.0", "--tag=0.1.0"),
            f"--image: the value is not of the right form; write it as in --image={IMAGE} (what the names of"
            " all images begin with)",
        ),
        (
            (f"--image={IMAGE}", "--tag=a b"),
            "--tag: the value is not of the right form;"
            " write it as in --tag=0.1.0 (tag of the images; they must not change later)",
        ),
    ],
)
def test_a_bad_option_is_refused(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], message: str) -> None:
    assert refusal(capsys, 2, *argv) == message


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    told = refusal(capsys, 9, *ARGUMENTS, f"--out={tmp_path}/file")
    assert told == f"--out={tmp_path}/file: File exists"


@pytest.fixture
def storage(gate: Gate, gcloud_settings: str, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Cloud Storage, where gcloud finds it."""
    for name, value in gcloud.endpoints(storage=gate.url).items():
        monkeypatch.setenv(name, value)
    return gate


def test_specs_go_to_cloud_storage_and_replace_what_is_there(storage: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    bucket = storage.new_bucket()
    for tag in ("0.1.0", "0.2.0"):
        assert build.main([f"--image={IMAGE}", f"--tag={tag}", f"--out=gs://{bucket}/templates/"]) == 0
        assert capsys.readouterr().out.split() == [f"gs://{bucket}/templates/{name}" for name in FILES]
    blobs = {blob.name: blob.download_as_text() for blob in Client.create_anonymous_client().list_blobs(bucket)}
    expected = build.specs(IMAGE, "0.2.0", Environment(8))
    assert blobs == {f"templates/{name}": text for name, text in expected.items()}


@pytest.mark.usefixtures("storage")
def test_a_bucket_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = refusal(capsys, 9, *ARGUMENTS, "--out=gs://no-such-bucket/templates")
    assert told.startswith("--out=gs://no-such-bucket/templates: gcloud storage cp failed: ")
    assert "404" in told


def test_cloud_storage_without_gcloud_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = refusal(capsys, 9, *ARGUMENTS, "--out=gs://my-bucket/templates")
    assert (
        told == "--out=gs://my-bucket/templates: there is no gcloud to write with. Install it, or give a folder here."
    )
