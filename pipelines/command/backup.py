"""Taking a backup of any database: intent, job, failure note, summary."""

import json
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from itertools import chain
from typing import Any

import apache_beam as beam

from pipelines.command.job.dataflow import label
from pipelines.command.job.engine import Engine, open_pipeline, refuse_distant_workers
from pipelines.command.job.labels import job_labels
from pipelines.command.job.watched import print_elsewhere, watched
from pipelines.command.print.describe import description, details_json
from pipelines.command.print.tables import render
from pipelines.command.print.version import version
from transforms.backup_work import BackupWork
from transforms.identity import Table
from transforms.progress import Amount, ProgressFile
from transforms.source import Source, Wanted
from transforms.vault.catalogue import Listing
from transforms.vault.find_backup import find_backup
from transforms.vault.format.failure_note import note_failure
from transforms.vault.format.intent import Intent, new_backup_id
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.portion import plans_of, tables_of_plan
from transforms.vault.store.opening import store_settings
from transforms.vault.vault import Vault, open_or_create_vault

Build = Callable[[beam.Pipeline, BackupWork], None]


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """What a backup command was asked to do, checked."""

    vault: str
    source: Source
    chunk_size: int
    wanted: Wanted
    name: str
    plan_only: bool
    json: bool
    engine: Engine
    lanes: int | None = None
    readers: int = 1


def run_backup(config: BackupConfig, build: Build) -> int:
    """Take the backup and print it; returns the exit code."""
    refuse_distant_workers(config.vault, config.engine)
    with config.source.opened() as source:
        return _backup(replace(config, source=source), build)


def _backup(config: BackupConfig, build: Build) -> int:
    tables = config.source.tables()
    _warn(tables)
    if config.plan_only:
        return _print_plan(config, tables)
    pipeline = open_pipeline(config.engine)
    vault = open_or_create_vault(config.vault)
    shape = {"chunk_size": config.chunk_size, **asdict(config.wanted)}
    options = {**shape, **config.source.settings(), **store_settings(config.vault)}
    intent = claim(vault, config.source, tables, config.name, options)
    label(pipeline, job_labels(f"{intent.source.room}-backup", intent.source.folder, intent.backup))
    _run(config, pipeline, build, vault, intent)
    if config.engine.is_launch:
        print_elsewhere(config.engine, config.json)
    else:
        _print(find_backup(vault, intent.backup, intent.source.folder), config.json)
    return 0


def _warn(tables: list[Table]) -> None:
    for table in tables:
        for warning in table.warnings:
            print(f"warning: table {table.name}: {warning}", file=sys.stderr)


def claim(vault: Vault, source: Source, tables: Sequence[Table], name: str, options: dict[str, Any]) -> Intent:
    """Write the intent: it claims the backup's id, and proves that the vault can be written."""
    now = datetime.now(timezone.utc)
    intent = Intent(
        vault=vault.id,
        backup=new_backup_id(now),
        run=secrets.token_hex(16),
        created=f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
        source=source.identity(),
        consistency=source.consistency,
        name=name,
        options=options,
        tables=tuple(tables),
        tool=f"shardkeep {version()}",
    )
    vault.store_of(intent.source.folder).put(BackupLayout(intent.backup).intent, intent.encode())
    return intent


def _run(config: BackupConfig, pipeline: beam.Pipeline, build: Build, vault: Vault, intent: Intent) -> None:
    with watched(config.engine) as job:
        try:
            build(pipeline, _work(config, vault, intent.backup, job.progress))
            job.run(pipeline, "backing up", Amount())
        except BaseException as error:
            if not job.goes_on(error):
                note_failure(vault.store_of(intent.source.folder), BackupLayout(intent.backup), error)
            raise


def _work(config: BackupConfig, vault: Vault, backup: str, progress: ProgressFile) -> BackupWork:
    return BackupWork(
        vault.location,
        config.source,
        backup,
        config.chunk_size,
        config.wanted,
        progress,
        config.lanes,
        config.readers,
    )


def _print_plan(config: BackupConfig, tables: list[Table]) -> int:
    """Print what would be done, without writing anything."""
    cut = (tables_of_plan(plan, len(tables)) for plan in plans_of(len(tables)))
    plans = (config.source.plan([tables[place] for place in places], config.wanted) for places in cut)
    ranges = [len(plan.ranges) for plan in chain.from_iterable(plans)]
    if config.json:
        planned = [{"name": table.name, "ranges": count} for table, count in zip(tables, ranges, strict=True)]
        print(json.dumps({"source": config.source.identity().folder, "tables": planned}))
    else:
        print(render(("TABLE", "RANGES"), [(table.name, count) for table, count in zip(tables, ranges, strict=True)]))
        print("Nothing was written: --plan_only.")
    return 0


def _print(listing: Listing, as_json: bool) -> None:
    print(json.dumps(details_json(listing)) if as_json else description(listing))
