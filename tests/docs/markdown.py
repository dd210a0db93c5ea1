"""What the documents of `docs/` hold that can be compared with code: headings, tables, links, programs."""

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"

FIELD_HEADINGS = ["name", "type", "unit", "meaning"]
LINK = re.compile(r"\[([^\]]+)\]\(#([^)]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Table = list[list[str]]


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def programs(text: str, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return [found[2] for found in BLOCK.finditer(text) if found[1] == language]


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each heading, of whatever level, with the lines up to the next one."""
    heading, lines = "", list[str]()
    for line in BLOCK.sub("", text).splitlines():
        if line.startswith("#"):
            yield heading, lines
            heading, lines = line.lstrip("# "), []
        else:
            lines.append(line)
    yield heading, lines


def tables(text: str) -> dict[str, list[Table]]:
    """The tables below each heading, with their rows of headings."""
    return {heading: list(_tables(lines)) for heading, lines in sections(text)}


def _tables(lines: list[str]) -> Iterator[Table]:
    rows: Table = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            yield [row for row in rows if not re.fullmatch(r"-+", row[0])]
            rows = []


def column(table: Table, number: int = 0) -> list[str]:
    """A column without its heading, and without backticks."""
    return [row[number].strip("`") for row in table[1:]]


def field_tables(text: str) -> dict[str, dict[str, str]]:
    """For each heading with a table of fields, the type of each field; fields of tables that it includes too."""
    raw = {heading: found[0] for heading, found in tables(text).items() if found and found[0][0] == FIELD_HEADINGS}
    return {heading: _fields(raw, heading) for heading in raw}


def _fields(raw: dict[str, Table], heading: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, kind, *_ in raw[heading][1:]:
        included = LINK.fullmatch(name)
        fields |= _fields(raw, included[1]) if included else {name.strip("`"): LINK.sub(r"\1", kind)}
    return fields


def anchor(heading: str) -> str:
    """The anchor that a heading gets on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead_links(text: str) -> list[str]:
    """Links to headings of the same page that it does not have."""
    anchors = {anchor(heading) for heading, _ in sections(text)}
    return [found[0] for found in LINK.finditer(text) if found[2] not in anchors]
