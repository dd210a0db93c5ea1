"""Build the specs of all templates.

python -m templates.build --image=europe-west1-docker.pkg.dev/my-project/my-repository/shardkeep --tag=0.1.0 \
        --out=gs://my-bucket/templates

It reads the metadata files of the repository, so it needs neither Beam nor compiled modules; to write to Cloud Storage
it needs `gcloud`.
"""

import json
import sys
from collections.abc import Mapping, Sequence

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse
from templates.destination import write
from templates.spec import Environment, spec
from templates.template import TITLES, image_of, metadata_path
from transforms.errors import UsageError

# A registry's host, with or without a port, then names: the grammar of references in
# https://pkg.go.dev/github.com/distribution/reference, without a tag or a digest.
_IMAGE = "^[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$"
_TAG = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"


def options() -> OptionParser:
    """The options of this program."""
    parser = OptionParser("python -m templates.build", "Build the specs of all templates.", beam=False)
    parser.group("Images")
    example = "europe-west1-docker.pkg.dev/my-project/my-repository/shardkeep"
    parser.add_text(
        "--image", "what the names of all images begin with", required=True, pattern=_IMAGE, example=example
    )
    parser.add_text(
        "--tag", "tag of the images; they must not change later", required=True, pattern=_TAG, example="0.1.0"
    )
    parser.group("Specs")
    parser.add_text("--out", "folder for the specs, here or gs://BUCKET/FOLDER", default="build/templates")
    parser.group("What jobs start with unless a launch says otherwise")
    parser.add_count("--max_workers", "workers that a job grows to", default=8)
    parser.add_text("--subnetwork", "where workers run", example="regions/europe-west1/subnetworks/backups")
    parser.add_text(
        "--service_account", "account that workers run as", example="backup@my-project.iam.gserviceaccount.com"
    )
    parser.add_flag("--public_ips", "give workers public addresses")
    return parser


def run(argv: Sequence[str]) -> int:
    """Build the specs and write them.

    Raises:
        UsageError: if an option has a bad value.
        UnreachableError: if they cannot be written.
    """
    values, _ = parse(options(), argv)
    if values.tag == "latest":
        raise UsageError("--tag=latest: a template's image must stay what it is; give a version")
    environment = Environment(
        values.max_workers, values.subnetwork or "", values.service_account or "", values.public_ips
    )
    for written in write(values.out, specs(values.image, values.tag, environment)):
        print(written)
    return 0


def specs(image: str, tag: str, environment: Environment) -> Mapping[str, str]:
    """The specs as JSON, by file name."""
    return {f"{template}.json": _text(template, image_of(image, tag, template), environment) for template in TITLES}


def _text(template: str, image: str, environment: Environment) -> str:
    metadata = json.loads(metadata_path(template).read_text(encoding="utf-8"))
    return json.dumps(spec(image, metadata, environment), indent=2, ensure_ascii=False) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
