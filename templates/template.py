"""The templates: one for each pipeline that runs a job, named as the pipeline's module is.

Nothing here needs Beam or a compiled module, so that specs can be built where Shardkeep is not installed.
"""

from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent

TITLES: Mapping[str, str] = {
    "bigtable_backup": "Shardkeep: Bigtable to a backup on Cloud Storage",
    "bigtable_restore": "Shardkeep: a backup on Cloud Storage to Bigtable",
    "postgres_backup": "Shardkeep: PostgreSQL to a backup on Cloud Storage",
    "postgres_restore": "Shardkeep: a backup on Cloud Storage to PostgreSQL",
    "verify": "Shardkeep: verify a backup on Cloud Storage",
}
"""What the console lists them as."""


def metadata_path(template: str) -> Path:
    """The file with a template's metadata."""
    return FOLDER / template / "metadata.json"


def image_of(image: str, tag: str, template: str) -> str:
    """The full reference of a template's image, under the name that all images of a build share."""
    return f"{image}/{template}:{tag}"
