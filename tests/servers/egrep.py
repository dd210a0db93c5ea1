"""POSIX egrep, the dialect that the documentation of a template's metadata names: the program itself is asked."""

import subprocess


def matches(regex: str, value: str) -> bool:
    """Whether an expression matches a value, or a part of it.

    Raises:
        ValueError: if the expression is none of that dialect.
    """
    # -z: a value of several lines is one text.
    found = subprocess.run(["grep", "-Ezq", "-e", regex], input=f"{value}\0".encode(), capture_output=True, check=False)
    if found.returncode > 1:
        raise ValueError(f"{regex}: {found.stderr.decode().strip()}")
    return found.returncode == 0
