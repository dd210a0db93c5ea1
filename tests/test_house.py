"""Rules of the house that no linter knows: short functions, and files that hold on any machine."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PACKAGES = ("pipelines", "templates", "transforms")
LONGEST = 40
MEDIAN = 6
FUNCTION = re.compile(
    r"^(?P<indent> *)(?:def|cdef|cpdef)\b[^\n=]*\((?:[^()]|\([^()]*\))*\)[^\n:]*:[^\n]*\n", re.MULTILINE
)
ELSEWHERE = re.compile(r"(?<![\w.$}~*])/(?:home|root|Users|work)/\w")
PIN = re.compile(r"[a-z0-9.-]+==[\w.!+]+( ; .+)?")


def sources(suffix: str) -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob(f"*{suffix}"))


def python_bodies(path: Path) -> Iterator[tuple[str, int]]:
    """Each function's name with the lines of its body, docstring aside."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield f"{path.name}: {node.name}", last_line(body[-1]) - body[0].lineno + 1 if body else 0


def last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def cython_bodies(path: Path) -> Iterator[tuple[str, int]]:
    """The same for Cython, by indentation."""
    text = re.sub(r'^ *"""[\s\S]*?"""\n', "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for found in FUNCTION.finditer(text):
        inner = re.compile(rf"(?:{found['indent']} [^\n]*\n|\n)*")
        body = inner.match(text, found.end())
        yield f"{path.name}: {found[0].strip()}", len(body[0].strip().splitlines()) if body else 0


def bodies() -> list[tuple[str, int]]:
    python = [body for path in sources(".py") for body in python_bodies(path)]
    return python + [body for path in sources(".pyx") for body in cython_bodies(path)]


def committed_texts() -> Iterator[tuple[str, str]]:
    """Path and text of every file that git holds or would hold; binary files are left out."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listing, cwd=ROOT, text=True).split("\0"):
        path = ROOT / name
        if path.is_file() and b"\0" not in (data := path.read_bytes()):
            yield name, data.decode("utf-8", "replace")


def lock_lines() -> list[str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def direct_requirements() -> list[Requirement]:
    calls = (node for node in ast.walk(ast.parse((ROOT / "setup.py").read_text())) if isinstance(node, ast.Call))
    wanted = next(word.value for call in calls for word in call.keywords if word.arg == "install_requires")
    return [Requirement(text) for text in ast.literal_eval(wanted)]


def test_no_function_is_long() -> None:
    assert [f"{name}, {lines} lines" for name, lines in bodies() if lines > LONGEST] == []


def test_most_functions_are_short() -> None:
    assert median(lines for _, lines in bodies()) <= MEDIAN


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [f"{name}: {path[0]}" for name, text in committed_texts() for path in ELSEWHERE.finditer(text)]
    assert found == []


def test_the_lock_pins_every_line_and_names_no_index() -> None:
    assert [line for line in lock_lines() if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("requirement", direct_requirements(), ids=str)
def test_the_lock_satisfies_setup(requirement: Requirement) -> None:
    pins = [Requirement(line) for line in lock_lines()]
    versions = [next(iter(pin.specifier)).version for pin in pins if pin.name == requirement.name]
    assert versions
    assert all(requirement.specifier.contains(version) for version in versions)
