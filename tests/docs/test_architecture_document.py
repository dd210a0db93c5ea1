"""`docs/architecture.md` names what exists: files, folders, functions, and links to headings."""

import importlib
import re
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, anchor, read, sections

DOCUMENT = read("architecture.md")
ROOT = DOCS.parent
IN_BACKTICKS = re.compile(r"`([\w./]*/[\w./]*|[\w.]+\.(?:toml|py))`")
IN_GRAPHS = re.compile(r"[\w/]+\.py(?=$)", re.MULTILINE)
LINES = 140


def paths() -> list[str]:
    return sorted(set(IN_BACKTICKS.findall(DOCUMENT)) | set(IN_GRAPHS.findall(DOCUMENT)))


def steps() -> list[tuple[str, str]]:
    """The functions that graphs name, each with the heading of its graph."""
    graphs = {heading: [line for line in lines if line.startswith("    ")] for heading, lines in sections(DOCUMENT)}
    names = [(heading, name) for heading, lines in graphs.items() for name in _names("\n".join(lines))]
    return sorted(set(names))


def _names(graph: str) -> list[str]:
    functions = re.findall(r"(?:^    |--> )([a-z_]+(?= ))", graph, re.MULTILINE)
    return functions + re.findall(r"\b[A-Z][a-z]\w+\.[a-z_]+\b", graph)


def modules(heading: str) -> list[Path]:
    """The files that the graph below a heading names."""
    lines = dict(sections(DOCUMENT))[heading]
    return [ROOT / path for path in IN_GRAPHS.findall("\n".join(lines))]


@pytest.mark.parametrize("path", paths())
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("heading", "name"), steps())
def test_every_step_is_a_function_of_a_file_that_the_graph_names(heading: str, name: str) -> None:
    owner, _, method = name.rpartition(".")
    files = [*modules(heading), ROOT / "transforms/source.py"]
    found = [importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)) for file in files]
    owners = [getattr(module, owner, None) for module in found] if owner else found
    assert any(callable(getattr(item, method, None)) for item in owners)


@pytest.mark.parametrize("job", ["backup", "verify", "restore"])
def test_the_graphs_name_every_step_of_the_jobs(job: str) -> None:
    wired = set(re.findall(r"\bwork\.([a-z_]+)", (ROOT / f"transforms/{job}.py").read_text(encoding="utf-8")))
    assert len(wired) > 3
    assert wired - {"backup", "lanes"} <= {name.rpartition(".")[2] for _, name in steps()}


def test_links_lead_to_headings_of_the_other_documents() -> None:
    links = re.findall(r"\]\(([\w.]+)#([\w-]+)\)", DOCUMENT)
    assert len(links) > 1
    for name, target in links:
        assert target in {anchor(heading) for heading, _ in sections(read(name))}


def test_it_is_short() -> None:
    assert len(DOCUMENT.splitlines()) <= LINES
