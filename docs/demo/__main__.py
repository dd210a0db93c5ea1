"""Back up, damage and restore: `make demo`."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from pprint import pprint

import fastavro

from docs.demo.flights import FAMILIES, rows
from docs.demo.instance import INSTANCE, PROJECT, Cells, DemoInstance
from tests.servers.bigtable_emulator import running_emulator

FOLDER = Path("build", "demo")
VAULT = FOLDER / "vault"
_WHERE = (f"--bigtable_project={PROJECT}", f"--instance={INSTANCE}")


def main() -> int:
    """Run the demonstration; returns the exit code, 0 if every cell came back."""
    warnings.filterwarnings("ignore", "Connecting to Bigtable emulator")
    shutil.rmtree(FOLDER, ignore_errors=True)
    with running_emulator() as host:
        os.environ["BIGTABLE_EMULATOR_HOST"] = host
        instance = DemoInstance()
        originals = _load(instance)
        _shardkeep("bigtable-backup", f"--vault={VAULT}", *_WHERE, "--table=flights,weather", "--ranges=8")
        _shardkeep("verify", f"--vault={VAULT}", "--backup=latest", "--level=L3")
        _damage(instance)
        renames = ",".join(f"{table}:{table}_restored" for table in originals)
        _shardkeep("bigtable-restore", f"--vault={VAULT}", "--backup=latest", *_WHERE, f"--table={renames}")
        same = _compare(instance, originals)
    _show_what_is_left()
    return 0 if same else 1


def _say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def _load(instance: DemoInstance) -> dict[str, Cells]:
    _say("Loading a month of flights and a year of weather into two Bigtable tables ...")
    originals = {}
    for table, families in FAMILIES.items():
        instance.create(table, families)
        count = instance.load(table, rows(table))
        originals[table] = instance.cells(table)
        print(f"{table}: {count:,} rows, {sum(map(len, originals[table].values())):,} cells in {', '.join(families)}")
    return originals


def _shardkeep(command: str, *options: str) -> None:
    _say(" ".join(["$ shardkeep", command, *options]))
    subprocess.run([sys.executable, "-m", "pipelines.command.dispatch", command, *options], check=True)  # noqa: S603


def _damage(instance: DemoInstance) -> None:
    _say("Now something goes wrong: two families are dropped, United's flights and Kennedy's weather are deleted ...")
    instance.damage("flights", "times", b"UA#")
    instance.damage("weather", "station", b"JFK#")
    for table in FAMILIES:
        left = instance.cells(table)
        print(f"{table}: {len(left):,} rows, {sum(map(len, left.values())):,} cells left")


def _compare(instance: DemoInstance, originals: dict[str, Cells]) -> bool:
    _say("Comparing every cell with the original, through Google's client library ...")
    same = True
    for table, original in originals.items():
        equal = instance.cells(f"{table}_restored") == original
        print(f"{table}_restored: {'identical' if equal else 'DIFFERENT'}, {len(original):,} rows")
        same &= equal
    return same


def _show_what_is_left() -> None:
    shards = sorted(VAULT.glob("*/*/data/*/*.avro"))
    _say(f"The backup is yours: {len(shards)} Avro files below {VAULT}. Any Avro reader reads them:")
    shard = next(path for path in shards if path.parent.name == "flights" and path.stat().st_size > 1000)
    with shard.open("rb") as file:
        print(f"first record of {shard.name}, read by fastavro:")
        pprint(next(iter(fastavro.reader(file))), width=110)
    _say("What to try next:")
    print(f"  .venv/bin/shardkeep list --vault={VAULT}")
    print(f"  .venv/bin/shardkeep show --vault={VAULT} --backup=latest")
    print("  invert a byte of a shard, and run verify again")
    print("  docs/vault.md: what lies in the vault, and how to read it without Shardkeep")


if __name__ == "__main__":
    sys.exit(main())
