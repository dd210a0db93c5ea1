"""`CONTRIBUTING.md` names what exists: paths, make targets, links to headings, names in code."""

import importlib
import re

import pytest

from tests.docs.markdown import DOCS, anchor, sections

ROOT = DOCS.parent
DOCUMENT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PATH = re.compile(r"[`\s]((?:\.?\w[\w-]*/|\.pre)[\w./-]*\w/?)[`\s]")
ONE_PAGE = 80


def paths() -> list[str]:
    """The paths of the repository; `.venv` is not part of it."""
    return sorted(path for path in set(PATH.findall(DOCUMENT)) if not path.startswith(".venv/"))


@pytest.mark.parametrize("path", paths())
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|    )make ([a-z-]+)", DOCUMENT))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:.*##", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(("path", "heading"), sorted(set(re.findall(r"\]\(([\w./]+)#?([\w-]*)\)", DOCUMENT))))
def test_every_link_leads_somewhere(path: str, heading: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not heading or heading in {anchor(each) for each, _ in sections(text)}


def test_names_in_code_are_there() -> None:
    named = re.findall(r"`(\w+)` in\s+`([\w/]+)\.py`", DOCUMENT)
    assert named
    for name, path in named:
        assert hasattr(importlib.import_module(path.replace("/", ".")), name)


def test_it_is_one_page() -> None:
    assert len(DOCUMENT.splitlines()) <= ONE_PAGE
