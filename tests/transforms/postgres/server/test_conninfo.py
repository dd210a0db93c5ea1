"""Reaching a database may start a process; the value that names it does not."""

import subprocess
import sys

PROGRAM = """
import sys
from transforms.postgres.server.database_url import parse_database
parse_database("postgresql://me@db/shop")
print(sorted(name for name in sys.modules if name.startswith("transforms.") and "proxy" in name))
print("subprocess" in sys.modules)
"""


def test_the_value_of_a_database_loads_nothing_that_starts_a_process() -> None:
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["[]", "False"]
