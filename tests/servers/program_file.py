"""Programs that tests write."""

from pathlib import Path

SHELL = "#!/bin/sh\n"


def program(path: Path, text: str = SHELL) -> Path:
    """Write a program into a folder, which is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path
