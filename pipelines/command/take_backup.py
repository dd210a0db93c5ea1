"""Taking a backup, whatever database it is of: intent, job, failure note, summary."""

import json
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipelines.command.describe import description, details_json
from pipelines.command.dispatch import version
from pipelines.command.engine import open_pipeline, refuse_distant_workers
from pipelines.command.job import run_job
from pipelines.command.progress import ProgressLine
from pipelines.command.tables import render
from transforms.backup_work import BackupWork
from transforms.identity import Table
from transforms.progress import ProgressFile
from transforms.source import Source, Wanted
from transforms.vault.catalogue import Listing, find_backup
from transforms.vault.intent import Intent, new_backup_id
from transforms.vault.layout import BackupLayout
from transforms.vault.sealed_json import seal
from transforms.vault.vault import Vault, open_or_create_vault

Build = Callable[[beam.Pipeline, BackupWork], None]


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """What a backup command was asked to do, checked."""

    vault: str
    source: Source
    chunk_size: int
    wanted: Wanted
    label: str
    plan_only: bool
    json: bool
    beam_args: tuple[str, ...]
    lanes: int | None = None
    readers: int = 1


def take_backup(config: BackupConfig, build: Build) -> int:
    """Take the backup and print it; returns the exit code."""
    refuse_distant_workers(config.vault, config.beam_args)
    with config.source.opened() as source:
        return _take(replace(config, source=source), build)


def _take(config: BackupConfig, build: Build) -> int:
    tables = config.source.tables()
    _warn(tables)
    if config.plan_only:
        return _print_plan(config, tables)
    vault = open_or_create_vault(config.vault)
    options = {"chunk_size": config.chunk_size, **asdict(config.wanted), **config.source.settings()}
    intent = claim(vault, config.source, tables, config.label, options)
    with tempfile.TemporaryDirectory(prefix="shardkeep-") as folder:
        progress = ProgressFile(str(Path(folder, "progress")))
        _run(config, build, vault, intent, progress)
    _print(find_backup(vault, intent.backup, intent.source.folder), config.json)
    return 0


def _warn(tables: list[Table]) -> None:
    for table in tables:
        for warning in table.warnings:
            print(f"warning: table {table.name}: {warning}", file=sys.stderr)


def claim(vault: Vault, source: Source, tables: Sequence[Table], label: str, options: dict[str, Any]) -> Intent:
    """Write the intent: it claims the backup's id, and proves that the vault can be written."""
    now = datetime.now(timezone.utc)
    intent = Intent(
        vault=vault.id,
        backup=new_backup_id(now),
        run=secrets.token_hex(16),
        created=f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
        source=source.identity(),
        consistency=source.consistency,
        label=label,
        options=options,
        tables=tuple(tables),
        tool=f"shardkeep {version()}",
    )
    vault.folder(intent.source.folder).put(BackupLayout(intent.backup).intent, intent.encode())
    return intent


def _run(config: BackupConfig, build: Build, vault: Vault, intent: Intent, progress: ProgressFile) -> None:
    work = BackupWork(
        vault.place,
        config.source,
        intent.backup,
        config.chunk_size,
        config.wanted,
        progress,
        config.lanes,
        config.readers,
    )
    pipeline = open_pipeline(config.beam_args)
    build(pipeline, work)
    try:
        with ProgressLine("backing up", None, progress.path):
            run_job(pipeline)
    except BaseException as error:
        _note_failure(vault, intent, error)
        raise


def _note_failure(vault: Vault, intent: Intent, error: BaseException) -> None:
    """Leave a note that the backup failed; what is in the vault of it stays and is no backup."""
    name = f"{BackupLayout(intent.backup).notes}failure-{secrets.token_hex(4)}.json"
    try:
        vault.folder(intent.source.folder).put(
            name, seal({"error": type(error).__name__, "message": str(error)[:2000]})
        )
    except Exception as second:
        print(f"warning: the failure could not be noted in the vault: {second}", file=sys.stderr)


def _print_plan(config: BackupConfig, tables: list[Table]) -> int:
    """Print what would be done: nothing is written."""
    ranges = [len(config.source.ranges(table, config.wanted)) for table in tables]
    if config.json:
        planned = [{"name": table.name, "ranges": count} for table, count in zip(tables, ranges, strict=True)]
        print(json.dumps({"source": config.source.identity().folder, "tables": planned}))
    else:
        print(render(("TABLE", "RANGES"), [(table.name, count) for table, count in zip(tables, ranges, strict=True)]))
        print("Nothing was written: --plan_only.")
    return 0


def _print(listing: Listing, as_json: bool) -> None:
    print(json.dumps(details_json(listing)) if as_json else description(listing))
