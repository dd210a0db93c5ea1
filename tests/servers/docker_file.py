"""Reading Docker files, as far as ours go: https://docs.docker.com/reference/dockerfile/."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_CONTINUED = re.compile(r"\\\n\s*")
_SETTING = re.compile(r'(\w+)=("[^"]*"|\S+)')
_COMMENT = re.compile(r"^#.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Stage:
    """A stage: the image that it begins with, its name, and its instructions."""

    image: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """The arguments of an instruction, each time that it is there."""
        return [arguments for name, arguments in self.instructions if name == instruction]

    def settings(self) -> dict[str, str]:
        """Names and values of the ENV lines, each of which may have several; references are left as they are."""
        found = [setting for line in self.all("ENV") for setting in _SETTING.findall(line)]
        return {name: value.strip('"') for name, value in found}

    def commands(self) -> list[str]:
        """What its RUN lines do, one by one, without the options of RUN."""
        lines = (re.sub(r"^(--\S+ +)+", "", line) for line in self.all("RUN"))
        return [command.strip() for line in lines for command in line.split("&&")]

    def copies(self) -> list[tuple[str, list[str]]]:
        """For each COPY the stage that it copies from, empty for the context, and the sources with the target."""
        return [
            (found[1] or "", found[2].split())
            for line in self.all("COPY")
            if (found := re.fullmatch(r"(?:--from=(\S+) )?(.*)", line))
        ]


def stages(path: Path) -> list[Stage]:
    """The stages of a Docker file; what is before the first FROM is left out."""
    found: list[Stage] = []
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    for line in filter(None, _CONTINUED.sub(" ", text).splitlines()):
        instruction, _, arguments = line.partition(" ")
        if instruction == "FROM":
            image, _, stage = arguments.partition(" AS ")
            found.append(Stage(image, stage))
        elif found:
            found[-1].instructions.append((instruction, re.sub(r"\s+", " ", arguments)))
    return found
