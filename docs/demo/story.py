"""What both parts of the demonstration share: where the vault is, and how it is told what happens."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pprint import pprint

import fastavro

FOLDER = Path("build", "demo")
VAULT = FOLDER / "vault"


def say(text: str) -> None:
    """Print what happens next."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def shardkeep(command: str, *options: str) -> None:
    """Show a command of ours and run it.

    Raises:
        subprocess.CalledProcessError: if it fails.
    """
    say(" ".join(["$ shardkeep", command, *options]))
    subprocess.run([sys.executable, "-m", "pipelines.command.dispatch", command, *options], check=True)  # noqa: S603


def show_a_record(room: str, table: str) -> None:
    """Print the first record of a table's shards, read by fastavro."""
    shard, record = next(_records(room, table))
    print(f"first record of {shard.name}, read by fastavro:")
    pprint(record, width=110, sort_dicts=False)


def count_shards(room: str) -> int:
    """How many Avro files with rows the vault has of a room."""
    return len(list(VAULT.glob(f"{room}+*/*/data/*/*.avro")))


def _records(room: str, table: str) -> Iterator[tuple[Path, object]]:
    for shard in sorted(VAULT.glob(f"{room}+*/*/data/{table}/*.avro")):
        with shard.open("rb") as file:
            yield from ((shard, record) for record in fastavro.reader(file))
