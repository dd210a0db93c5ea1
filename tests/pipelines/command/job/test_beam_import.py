import subprocess
import sys

SCRIPT = """
import sys
from pipelines.command.job.beam_import import import_beam
import_beam()
print("apache_beam" in sys.modules, "pandas" in sys.modules, "pyarrow" in sys.modules)
import pyarrow
print(pyarrow.array([1]).to_pylist())
"""


def test_beam_is_imported_without_packages_that_can_still_be_imported_afterwards() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["True False False", "[1]"]
