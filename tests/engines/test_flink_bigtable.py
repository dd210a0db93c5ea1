"""Bigtable on a small Flink: all commands agree with FnApiRunner, and a step may be tried again."""

from pathlib import Path

from pipelines import bigtable_backup, bigtable_restore, verify
from tests.engines.bigtable_scene import of, require_restored
from tests.engines.flink_runs import Flink
from tests.engines.outcome import require_done, tables
from tests.engines.retried import restore
from tests.pipelines.bigtable_runs import backup
from tests.tables import Tables, new_instance


def test_a_backup_is_that_of_the_other_engine_and_comes_back(source: Tables, flink: Flink, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "flink-vault", tmp_path / "other-vault"
    options = ("--table=*", "--ranges=4", "--chunk_size=4KiB")
    made = require_done(flink.run(bigtable_backup.main, *of(ours, source), *options, "--json")).json
    require_done(backup(theirs, source, *options))
    assert tables(ours) == tables(theirs)
    assert {table["name"]: table["rows"] for table in made["tables"]} == {"many": 400, "none": 0, "odd": 2}

    latest = [f"--vault={ours}", "--backup=latest"]
    checked = require_done(flink.run(verify.main, *latest, "--level=L3", "--json")).json
    assert (checked["ok"], checked["problems"]) == (True, [])

    target = new_instance()
    require_done(flink.run(bigtable_restore.main, *of(ours, target), "--backup=latest"))
    require_restored(target)


def test_a_restore_whose_step_after_its_end_fails_once_is_tried_again(
    source: Tables, flink: Flink, tmp_path: Path
) -> None:
    require_done(backup(tmp_path / "v", source, "--table=*"))
    target, failed = new_instance(), tmp_path / "failed"
    argv = [*of(tmp_path / "v", target), "--backup=latest", *flink.options()]
    require_done(restore(bigtable_restore.configure, bigtable_restore.build, failed, *argv))
    assert failed.exists()
    require_restored(target)
