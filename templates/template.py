"""The templates: one for each pipeline that runs a job, with the name of the pipeline's module.

Nothing here needs Beam or a compiled module, so that specs can be built where Shardkeep is not installed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.command.rooms import ROOMS

FOLDER = Path(__file__).parent


def _titles_of(name: str, database: str) -> Iterator[tuple[str, str]]:
    yield f"{name}_backup", f"Shardkeep: {database} to a backup on Cloud Storage"
    yield f"{name}_restore", f"Shardkeep: a backup on Cloud Storage to {database}"


TITLES: Mapping[str, str] = {
    **{template: title for name, room in ROOMS.items() for template, title in _titles_of(name, room.title)},
    "verify": "Shardkeep: verify a backup on Cloud Storage",
}
"""The titles under which the console lists them."""


def metadata_path(template: str) -> Path:
    """The file with a template's metadata."""
    return FOLDER / template / "metadata.json"


def image_of(image: str, tag: str, template: str) -> str:
    """The full reference of a template's image, under the prefix that all images of a build share."""
    return f"{image}/{template}:{tag}"
