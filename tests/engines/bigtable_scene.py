"""Tables of Bigtable that are backed up and come back on every engine."""

from pathlib import Path

from tests.tables import PROJECT, Content, Tables, new_instance

CONTENTS = {
    "none": Content(["f"]),
    "many": Content(["f", "g"], {b"%04d" % n: [("f", b"q", 1000 * n, b"%d" % n * n)] for n in range(400)}),
    "odd": Content(["f"], {b"\x00": [("f", b"", 0, b"")], b"\xff\xfe": [("f", b"\xff", 2000, bytes(range(256)))]}),
}


def new_source() -> Tables:
    """A new instance that holds them."""
    made = new_instance()
    for name, content in CONTENTS.items():
        made.fill(name, content)
    return made


def of(vault: Path, instance: Tables) -> list[str]:
    """The options that name a vault and an instance."""
    return [f"--vault={vault}", f"--bigtable_project={PROJECT}", f"--instance={instance.instance}"]


def require_restored(target: Tables) -> None:
    """All of them are there, and nothing else."""
    assert target.names() == sorted(CONTENTS)
    for name, content in CONTENTS.items():
        assert target.read(name) == content.expected
