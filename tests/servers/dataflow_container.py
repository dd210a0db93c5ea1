"""What a container of a template's image finds: its environment, which the Docker files of `templates/` say."""

import re

from templates.template import FOLDER
from tests.servers.docker_file import stages
from tests.servers.image import Image

DOCKERFILES = (FOLDER / "Dockerfile", FOLDER / "pipeline.Dockerfile")
PY_FILE = "FLEX_TEMPLATE_PYTHON_PY_FILE"
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")


def environment(image: Image, reference: str) -> dict[str, str]:
    """The environment of an image by its reference, `.../<pipeline>:<tag>`, with the file's place in the stand-in.

    The search path is left out: it names folders of the real image.
    """
    pipeline = reference.rpartition("/")[2].partition(":")[0]
    known: dict[str, str] = {"PIPELINE": pipeline, "IMAGE": reference}
    found: dict[str, str] = {}
    for name, value in (setting for file in DOCKERFILES for setting in stages(file)[-1].settings().items()):
        found[name] = _REFERENCE.sub(lambda match: {**known, **found}.get(match[1], ""), value)
    found.pop("PATH", None)
    return {**found, PY_FILE: str(image.place(found[PY_FILE]))}
