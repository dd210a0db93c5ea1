"""The commands and flags of the installed gcloud, from the table that its shell completion uses: no call of gcloud."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers import gcloud

Node = dict[str, Any]
_TABLE = "data/cli/gcloud_completions.py"


def gcloud_tree() -> Node:
    """The root: `commands` by name, each a node again, and `flags` by name with `bool`, `value` or a list of words."""
    table = Path(gcloud.program()).resolve().parent.parent / _TABLE
    if not table.exists():
        pytest.skip(f"This Google Cloud SDK has no {_TABLE}; install another one.")
    text = table.read_text(encoding="utf-8")
    tree: Node = ast.literal_eval(text[text.index("= {") + 2 :])
    return tree


def objections(root: Node, words: Sequence[str]) -> list[str]:
    """What gcloud would say against a call: a command that it does not have, a flag, or a word for a flag."""
    node, rest = root, list(words)
    while rest and rest[0] in node["commands"]:
        node = node["commands"][rest.pop(0)]
    if node["commands"]:
        return [f"no command: gcloud {' '.join(words)}"]
    return list(_flag_objections({**root["flags"], **node["flags"]}, rest, " ".join(words)))


def _flag_objections(flags: Node, words: Sequence[str], call: str) -> Iterator[str]:
    for word in words:
        name, equals, value = word.partition("=")
        kind = flags.get(name) or ("bool" if flags.get(name.replace("--no-", "--", 1)) == "bool" else None)
        if word.startswith("--") and kind is None:
            yield f"no flag {name}: gcloud {call}"
        elif word.startswith("--") and (kind == "bool") == bool(equals):
            yield f"{name} takes {'no' if equals else 'a'} value: gcloud {call}"
        elif isinstance(kind, list) and value not in kind:
            yield f"{name} takes one of {kind}: gcloud {call}"
