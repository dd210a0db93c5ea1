"""The demonstration's first part: a Bigtable is backed up, damaged and restored."""

import os
import warnings

from docs.demo.flights import FAMILIES, rows
from docs.demo.instance import INSTANCE, PROJECT, Cells, DemoInstance
from docs.demo.story import VAULT, count_shards, say, shardkeep, show_a_record
from tests.servers.bigtable_emulator import running_emulator

_WHERE = (f"--bigtable_project={PROJECT}", f"--instance={INSTANCE}")
_SOURCE = f"--source=bigtable+{PROJECT}+{INSTANCE}"


def demonstrate() -> bool:
    """Whether every cell came back."""
    warnings.filterwarnings("ignore", "Connecting to Bigtable emulator")
    with running_emulator() as host:
        os.environ["BIGTABLE_EMULATOR_HOST"] = host
        instance = DemoInstance()
        originals = _load(instance)
        shardkeep("bigtable-backup", f"--vault={VAULT}", *_WHERE, "--table=flights,weather", "--ranges=8")
        shardkeep("verify", f"--vault={VAULT}", "--backup=latest", _SOURCE, "--level=L3")
        _damage(instance)
        renames = ",".join(f"{table}:{table}_restored" for table in originals)
        shardkeep("bigtable-restore", f"--vault={VAULT}", "--backup=latest", _SOURCE, *_WHERE, f"--table={renames}")
        same = _compare(instance, originals)
    say(f"The backup is yours: {count_shards('bigtable')} Avro files below {VAULT}. Any Avro reader reads them:")
    show_a_record("bigtable", "flights")
    return same


def _load(instance: DemoInstance) -> dict[str, Cells]:
    say("Loading a month of flights and a year of weather into two Bigtable tables ...")
    originals = {}
    for table, families in FAMILIES.items():
        instance.create(table, families)
        count = instance.load(table, rows(table))
        originals[table] = instance.cells(table)
        print(f"{table}: {count:,} rows, {sum(map(len, originals[table].values())):,} cells in {', '.join(families)}")
    return originals


def _damage(instance: DemoInstance) -> None:
    say("Now something goes wrong: two families are dropped, United's flights and Kennedy's weather are deleted ...")
    instance.damage("flights", "times", b"UA#")
    instance.damage("weather", "station", b"JFK#")
    for table in FAMILIES:
        left = instance.cells(table)
        print(f"{table}: {len(left):,} rows, {sum(map(len, left.values())):,} cells left")


def _compare(instance: DemoInstance, originals: dict[str, Cells]) -> bool:
    say("Comparing every cell with the original, through Google's client library ...")
    same = True
    for table, original in originals.items():
        equal = instance.cells(f"{table}_restored") == original
        print(f"{table}_restored: {'identical' if equal else 'DIFFERENT'}, {len(original):,} rows")
        same &= equal
    return same
