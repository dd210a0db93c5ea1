"""What a container of a template's image finds: its environment, which the Docker files of `templates/` say."""

import re
from pathlib import Path

from tests.servers.image import CHECKOUT, Image

TEMPLATES = CHECKOUT / "templates"
DOCKERFILES = (TEMPLATES / "Dockerfile", TEMPLATES / "pipeline.Dockerfile")
PY_FILE = "FLEX_TEMPLATE_PYTHON_PY_FILE"
_CONTINUED = re.compile(r"\\\n\s*")
_SETTING = re.compile(r'(\w+)=("[^"]*"|\S+)')
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")


def environment(image: Image, reference: str) -> dict[str, str]:
    """The environment of an image by its reference, `.../<pipeline>:<tag>`, with the file's place in the stand-in.

    The search path is left out: it names folders of the real image.
    """
    pipeline = reference.rpartition("/")[2].partition(":")[0]
    known: dict[str, str] = {"PIPELINE": pipeline, "IMAGE": reference}
    found: dict[str, str] = {}
    for name, value in (setting for file in DOCKERFILES for setting in settings(file)):
        found[name] = _REFERENCE.sub(lambda match: {**known, **found}.get(match[1], ""), value)
    found.pop("PATH", None)
    return {**found, PY_FILE: str(image.place(found[PY_FILE]))}


def settings(dockerfile: Path) -> list[tuple[str, str]]:
    """Names and values of the last stage's ENV lines, in their order; references to others are left as they are."""
    lines = _CONTINUED.sub(" ", dockerfile.read_text(encoding="utf-8")).splitlines()
    last_stage = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    settings = (line.removeprefix("ENV ") for line in lines[last_stage:] if line.startswith("ENV "))
    return [(name, value.strip('"')) for line in settings for name, value in _SETTING.findall(line)]
