"""`docs/deploy.md` as tests see it, and the metadata of the templates that it speaks of."""

import json
import re
from typing import Any

from tests.docs.markdown import DOCS, programs, read

DOCUMENT = read("deploy.md")
ROOT = DOCS.parent
BLOCKS = programs(DOCUMENT, "bash")
TEXT = re.sub(r"^```.*?^```$", "", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
TEMPLATES = ("bigtable_backup", "bigtable_restore", "postgres_backup", "postgres_restore", "verify")


def metadata(template: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "templates" / template / "metadata.json").read_text(encoding="utf-8"))
    return found


def parameters(template: str) -> dict[str, dict[str, Any]]:
    """The parameters of a template by their names."""
    return {item["name"]: item for item in metadata(template)["parameters"]}
