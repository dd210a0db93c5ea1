"""Bigtable on Prism, with a worker process: what is backed up is what FnApiRunner backs up, and it comes back."""

from dataclasses import replace
from pathlib import Path

import grpc

from tests.engines.bigtable_scene import of, require_restored
from tests.engines.outcome import require_done, require_error, tables
from tests.engines.prism_runs import Prism
from tests.pipelines.bigtable_runs import backup
from tests.servers.scripted_bigtable import Abort, scripted_bigtable
from tests.tables import Tables, new_instance


def test_a_backup_is_that_of_the_other_engine_and_comes_back(source: Tables, prism: Prism, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "prism-vault", tmp_path / "other-vault"
    options = ("--table=*", "--ranges=4", "--chunk_size=4KiB")
    made = require_done(prism.run("bigtable-backup", *of(ours, source), *options, "--json")).json
    require_done(backup(theirs, source, *options))
    assert tables(ours) == tables(theirs)
    assert {table["name"]: table["rows"] for table in made["tables"]} == {"many": 400, "none": 0, "odd": 2}

    checked = require_done(prism.run("verify", f"--vault={ours}", "--backup=latest", "--level=L3", "--json")).json
    assert (checked["ok"], checked["problems"]) == (True, [])

    target = new_instance()
    require_done(prism.run("bigtable-restore", *of(ours, target), "--backup=latest"))
    require_restored(target)
    assert prism.started == 3


def test_the_boot_program_of_beams_images_starts_a_worker(
    source: Tables, prism_with_boot: Prism, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "prism-vault", tmp_path / "other-vault"
    require_done(prism_with_boot.run("bigtable-backup", *of(ours, source), "--table=*"))
    require_done(backup(theirs, source, "--table=*"))
    assert tables(ours) == tables(theirs)
    assert prism_with_boot.started == 1


def test_a_right_that_a_worker_lacks_is_told_once(
    source: Tables, prism: Prism, bigtable_emulator: str, tmp_path: Path
) -> None:
    with scripted_bigtable(bigtable_emulator) as server:
        server.play("ReadRows", *[[Abort(grpc.StatusCode.PERMISSION_DENIED, "no bigtable.tables.readRows")]] * 10)
        elsewhere = replace(prism, environment={"BIGTABLE_EMULATOR_HOST": server.host})
        ended = elsewhere.run("bigtable-backup", *of(tmp_path / "v", source), "--table=many", "--json")
    message = require_error(ended, 9)
    assert "reading table many" in message
    assert "no bigtable.tables.readRows" in message
    assert prism.started == 1
