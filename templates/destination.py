"""Where specs are written: a folder on this machine or on Cloud Storage. Existing files are replaced."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from transforms.errors import UnreachableError

_CLOUD = "gs://"


def write(place: str, files: Mapping[str, str]) -> list[str]:
    """Write texts as files of a folder.

    Args:
        place: The folder, on this machine or `gs://BUCKET/FOLDER`.
        files: The texts by file name.

    Returns:
        The paths of the files.

    Raises:
        UnreachableError: if they cannot be written.
    """
    if place.startswith(_CLOUD):
        return _upload(place.rstrip("/"), files)
    return _save(Path(place), files)


def _save(folder: Path, files: Mapping[str, str]) -> list[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreachableError(f"--out={folder}: {error.strerror}") from error
    return [str(folder / name) for name in files]


def _upload(place: str, files: Mapping[str, str]) -> list[str]:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise UnreachableError(f"--out={place}: there is no gcloud to write with. Install it, or give a folder here.")
    with tempfile.TemporaryDirectory() as folder:
        copies = _save(Path(folder), files)
        _run([gcloud, "storage", "cp", *copies, f"{place}/"], place)
    return [f"{place}/{name}" for name in files]


def _run(command: list[str], place: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - arguments, no shell
    if ended.returncode:
        raise UnreachableError(f"--out={place}: gcloud storage cp failed: {ended.stderr.strip()}")
