"""A build of the compiled modules with AddressSanitizer and UndefinedBehaviorSanitizer, and runs in it.

https://gcc.gnu.org/onlinedocs/gcc/Instrumentation-Options.html. A finding ends the process with an error.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from transforms.errors import NotFoundError

ROOT = Path(__file__).parent.parent.parent
FLAGS = "-fsanitize=address,undefined"
# Each Python object gets its own piece of memory, so that a read past its end is seen.
OPTIONS = {
    "PYTHONMALLOC": "malloc",
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def runtime() -> str:
    """The library that must be loaded before Python.

    Raises:
        NotFoundError: if gcc does not have it.
    """
    gcc = shutil.which("gcc")
    found = gcc and subprocess.run([gcc, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    path = Path(found.stdout.strip() if found else "")
    if not path.is_absolute():
        raise NotFoundError("No gcc with AddressSanitizer's libasan.so. Debian, Ubuntu: apt-get install gcc")
    return str(path)


def build(folder: Path) -> Path:
    """Build the packages with sanitizers below `folder`; where they are."""
    flags = {"CC": "gcc", "CFLAGS": f"{FLAGS} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1", "LDFLAGS": FLAGS}
    packages = folder / "packages"
    command = ["setup.py", "-q", "build", f"--build-lib={packages}", f"--build-temp={folder / 'objects'}"]
    subprocess.run([sys.executable, *command], cwd=ROOT, env={**os.environ, **flags}, check=True)
    return packages


def leaks(run: "subprocess.CompletedProcess[str]") -> list[str]:
    """The reports of memory that our modules took and did not free; Python and other packages leak, too."""
    return [report for report in run.stderr.split("\n\n") if "leak of" in report and " transforms/" in report]


def run(packages: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in the build of the packages, with AddressSanitizer at work in all of the process."""
    env = {**os.environ, **OPTIONS, "LD_PRELOAD": runtime(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=packages, env=env, text=True, capture_output=True, check=False)
