"""`docs/deploy.md` as tests see it."""

import re

from tests.docs.markdown import DOCS, programs, read

DOCUMENT = read("deploy.md")
ROOT = DOCS.parent
BLOCKS = programs(DOCUMENT, "bash")
TEXT = re.sub(r"^```.*?^```$", "", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
