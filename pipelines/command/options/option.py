"""The declaration of an option, for a command's help, the check of its value, and the form of a template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypedDict

from transforms.errors import UsageError

Kind = Literal["text", "list", "size", "count", "choice", "flag", "folder to read", "folder to write"]

_PATTERNS = {
    "size": r"^[0-9]+([.][0-9]+)? ?([Bb]|[KkMmGgTtPp][Ii]?[Bb])?$",
    "count": r"^0*[1-9][0-9]*$",
}
"""What `parse_size` and `parse_count` accept, except sizes below one byte and counts of more than 18 digits."""


class Form(TypedDict, total=False):
    """The optional parts of a declaration; each has a default."""

    label: str
    """Its name on a form; the option's own name in words if it has none."""

    example: str
    """A valid value."""

    pattern: str
    """A POSIX egrep pattern, from `^` to `$`, that every value must match. It needs an example."""

    form_pattern: str
    """A pattern for forms and launches only; the command itself gives a better error."""

    template: bool
    """Whether it makes sense in a template, where nobody reads what the launcher prints; True by default."""


@dataclass(frozen=True)
class Option:
    """One option, as it was declared.

    Attributes:
        name: With its dashes.
        kind: What its values are.
        help: One phrase without a capital and without a full stop.
        group: The title of its group; empty for the first, unnamed group.
        required: Whether it must be given.
        default: The value if it is not given, as text; empty if it has no default.
        distant_default: The default if the job runs on an engine elsewhere; empty if it is the same.
        choices: Its allowed words, each with a label.
        local_choices: Those of its words that need an engine on this machine.
        label, example, pattern, form_pattern, template: See `Form`.
    """

    name: str
    kind: Kind
    help: str
    group: str = ""
    required: bool = False
    default: str = ""
    distant_default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    local_choices: tuple[str, ...] = ()
    label: str = ""
    example: str = ""
    pattern: str = ""
    form_pattern: str = ""
    template: bool = True

    def title(self) -> str:
        """Its name on a form."""
        return self.label or self.name.removeprefix("--").replace("_", " ").capitalize()

    def distant_choices(self) -> list[tuple[str, str]]:
        """Its allowed words on an engine elsewhere, each with a label."""
        return [(word, label) for word, label in self.choices if word not in self.local_choices]

    def regex(self) -> str:
        """The pattern of values in a template; empty if any text is allowed, or only true and false are."""
        words = "|".join(word for word, _ in self.distant_choices())
        return f"^({words})$" if words else self.pattern or self.form_pattern or _PATTERNS.get(self.kind, "")

    def usage(self) -> str:
        """Its text in a command's help."""
        elsewhere = f" on this machine, {self.distant_default} on engines elsewhere" if self.distant_default else ""
        default = f" (default {self.default}{elsewhere})" if self.default else ""
        example = f"; example: {self.example}" if self.example else ""
        return f"{self.help}{default}{example}"

    def check(self, text: str) -> None:
        """Check a value against the declared pattern.

        The message does not repeat the value: it may be a secret, given in place of the secret's name.

        Raises:
            UsageError: It does not match.
        """
        if self.pattern and not re.fullmatch(self.pattern, text):
            advice = f"write it as in {self.name}={self.example} ({self.help})"
            raise UsageError(f"{self.name}: the value is not of the right form; {advice}")
