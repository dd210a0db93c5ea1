"""Steps that failed, described for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transforms import skipped
from transforms.postgres.names.identifiers import name_list
from transforms.postgres.objects.owners import OWNER, PRIVILEGES
from transforms.postgres.objects.step import Step
from transforms.skipped import Skipped

ADVICE = {
    OWNER: "Create the owners and become a member of them, or leave owners out: --owner=none.",
    PRIVILEGES: "Create the roles, or leave privileges out: --acl=none.",
}
MOST_NAMES = 10
# Beginnings of the titles of steps whose statements may hold a password: these are not shown.
SECRETIVE = ("FOREIGN DATA WRAPPER ", "SERVER ", "SUBSCRIPTION ", "USER MAPPING ")


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed.

    Attributes:
        step: The step.
        words: Why it failed.
        follows: Whether it failed only because a step that it needs did.
        code: The server's SQLSTATE, if there is one.
    """

    step: Step
    words: str
    follows: bool = False
    code: str = ""


def following(step: Step, failures: Mapping[str, Failure]) -> Failure | None:
    """The failure of a step that needs a failed one; None if it needs none of them."""
    lacking = next((failures[need] for need in step.needs if need in failures), None)
    return Failure(step, f"needs {lacking.step.title}", True) if lacking is not None else None


def listed(failures: Iterable[Failure]) -> list[str]:
    """Failures for people."""
    return skipped.listed(left_out(failures))


def left_out(failures: Iterable[Failure]) -> list[Skipped]:
    """What failures leave out: causes first, owners and privileges that fail with the same words as one item.

    A remark on a missing object is not listed: its statement is added to that of the object.
    """
    every = list(failures)
    told, remarks = list[Failure](), dict[str, list[Step]]()
    for failure in every:
        if failure.follows and failure.step.about:
            remarks.setdefault(failure.step.about, []).append(failure.step)
        else:
            told.append(failure)
    groups: dict[tuple[str, str], list[Failure]] = {}
    for place, failure in enumerate(each for each in told if not each.follows):
        groups.setdefault((failure.words, _class(failure) or str(place)), []).append(failure)
    followers = [
        Skipped(each.step.title, each.words, _statements([each], remarks), follows=True)
        for each in told if each.follows
    ]  # fmt: skip
    return [*(_group(group, remarks) for group in groups.values()), *followers]


def _class(failure: Failure) -> str:
    return next((beginning for beginning in ADVICE if failure.step.title.startswith(beginning)), "")


def _group(group: list[Failure], remarks: Mapping[str, list[Step]]) -> Skipped:
    first, *others = group
    beginning = _class(first)
    names = f", {name_list((each.step.title.removeprefix(beginning) for each in others), MOST_NAMES)}" if others else ""
    advice = ADVICE.get(beginning, "").rstrip(".")
    words = f"{first.words}. {advice}" if advice else first.words
    return Skipped(f"{first.step.title}{names}", words, _statements(group, remarks))


def _statements(group: Iterable[Failure], remarks: Mapping[str, list[Step]]) -> str:
    steps = [step for each in group for step in [each.step, *remarks.get(each.step.name, [])]]
    texts = (step.statement.decode("utf-8", "surrogateescape").strip().removesuffix(";") for step in steps)
    return "" if any(step.title.startswith(SECRETIVE) for step in steps) else "\n".join(f"{text};" for text in texts)
