"""`docs/deploy.md` says what the code does. Its commands are held to it in `tests/docs/deploy/`."""

import re

from pipelines.command.job.labels import job_labels
from pipelines.command.print.describe import details_json
from templates.template import TITLES
from tests.docs.conftest import SmallVault
from tests.docs.deploy.document import DOCUMENT, IN_BACKTICKS, ROOT, TEXT
from tests.docs.markdown import DOCS, Table, anchor, column, dead_links, sections, tables
from tests.templates.forms import parameters
from transforms.vault.find_backup import find_backup
from transforms.vault.format.portion import RANGES_PER_FILE, RANGES_PER_PORTION, TABLES_PER_PLAN
from transforms.vault.vault import open_vault


def table_below(heading: str, first: str) -> Table:
    [found] = [table for table in tables(DOCUMENT)[heading] if table[0][0] == first]
    return found


def python_text(*folders: str) -> str:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def form() -> str:
    """The table of the console's fields, in the order in which they first come up."""
    fields: dict[tuple[str, str, str], dict[str, str]] = {}
    for template in TITLES:
        for item in parameters(template).values():
            default = item.get("defaultValue", "")
            row = fields.setdefault((item["label"], f"`{item['name']}`", f"`{default}`" if default else ""), {})
            row[template] = "o" if item.get("isOptional") else "R"
    headings = ["field", "parameter", "default", *(f"`{template}`" for template in TITLES)]
    rows = [[*field, *(marks.get(template, "") for template in TITLES)] for field, marks in fields.items()]
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell else " " for cell in line) + "|" for line in lines)


def test_the_form_has_the_fields_of_the_metadata() -> None:
    assert form() in DOCUMENT, form()


def test_permissions_are_those_of_the_calls_that_the_code_makes() -> None:
    rows = table_below("Accounts and rights", "step")
    named = {word for cell in column(rows, 1) for word in re.findall(r"`?([A-Z]\w+)`", f"`{cell}`")}
    code = python_text("transforms/bigtable", "transforms/postgres")
    methods = re.findall(r"\bclient\(\)\.(\w+)|google\.bigtable\.v2\.Bigtable/(\w+)|\.(access_secret_version)\(", code)
    called = {"".join(part.title().replace("_", "") if "_" in part else part for part in found) for found in methods}
    assert len(called) > 7
    assert named == called


def test_counters_and_labels_are_those_of_the_code() -> None:
    rows = {row[0]: " ".join(row[1:]) for row in table_below("What to watch", "what")}
    counted = set(re.findall(r'_count\("(\w+)"', python_text("transforms")))
    assert set(IN_BACKTICKS.findall(rows["counters of the namespace `shardkeep`"])) >= counted > {"rows"}
    for name in job_labels("pipeline", "source", "backup"):
        assert re.search(rf"`{name}[=`]", rows["state of jobs"])
    assert re.search(r'"committed backup %s of %s"', python_text("transforms"))


def test_a_backup_has_as_many_objects_as_the_document_counts(small_vault: SmallVault) -> None:
    assert "2 + attachments + ranges + receipts + plans + index files" in DOCUMENT
    details = details_json(find_backup(open_vault(str(small_vault.root)), "latest"))
    ranges = [table["ranges"] for table in details["tables"]]
    objects = [path for path in small_vault.committed.rglob("*") if path.is_file()]
    orphans = [path for path in objects if "f" * 16 in path.name]
    attachments = [path for path in objects if path.parent.name == "attachments"]
    # Each of so few tables has a plan of its own, with four ranges that are small enough for one receipt.
    counted = 2 + len(attachments) + sum(ranges) + 3 * len(ranges)
    assert len(objects) - len(orphans) == counted
    assert {TABLES_PER_PLAN, RANGES_PER_PORTION, RANGES_PER_FILE} == {64}


def test_every_file_and_link_exists() -> None:
    assert dead_links(DOCUMENT) == []
    paths = {name for name in IN_BACKTICKS.findall(TEXT) if re.fullmatch(r"(templates|docs|tests)/[\w./]+", name)}
    assert len(paths) > 1
    assert [name for name in paths if not (ROOT / name).exists()] == []
    for name, target in re.findall(r"\]\(([\w./]+)(?:#([\w-]+))?\)", TEXT):
        assert (DOCS / name).exists(), name
        if target:
            found = (DOCS / name).read_text(encoding="utf-8")
            assert target in {anchor(heading) for heading, _ in sections(found)}, target
