"""The directives of the Cython compiler: once, in setup.py; a file that differs says why."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SUFFIXES = {".pyx", ".pxd", ".pxi"}
AT_THE_HEAD = re.compile(r"^#\s*cython\s*:", re.MULTILINE)
OF_A_FUNCTION = re.compile(r"(?P<before>[^\n]*)\n[ \t]*(?:@|with )cython\.(?P<name>\w+)\(")


def sources() -> list[Path]:
    return sorted(path for path in (ROOT / "transforms").rglob("*") if path.suffix in SUFFIXES)


def exceptions(text: str) -> Iterator[tuple[str, str]]:
    """Each directive of a single function, and the line before it."""
    return ((found["name"], found["before"].strip()) for found in OF_A_FUNCTION.finditer(text))


def test_no_file_has_directives_at_its_head() -> None:
    assert [path for path in sources() if AT_THE_HEAD.search(path.read_text(encoding="utf-8"))] == []


def test_a_directive_of_one_function_has_its_reason_above_it() -> None:
    found = [(path, each) for path in sources() for each in exceptions(path.read_text(encoding="utf-8"))]
    assert found
    assert [path for path, (_, before) in found if not before.startswith("#")] == []


def test_the_patterns_find_what_they_should() -> None:
    assert AT_THE_HEAD.search("# cython: boundscheck=False\n")
    assert list(exceptions("# why\n@cython.cdivision(True)\ncdef f():\n    with cython.boundscheck(True):")) == [
        ("cdivision", "# why"),
        ("boundscheck", "cdef f():"),
    ]
