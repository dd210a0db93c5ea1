"""Restoring a backup of any database: selection, guards, job, summary."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import apache_beam as beam

from pipelines.command.job.dataflow import label
from pipelines.command.job.engine import Engine, open_pipeline, refuse_distant_workers
from pipelines.command.job.labels import job_labels
from pipelines.command.job.watched import print_elsewhere, watched
from pipelines.command.print.report import Report, Reported
from pipelines.command.print.result import Result
from pipelines.command.print.resumption import Resumption
from pipelines.command.print.tables import render
from transforms.assigning import Assigning
from transforms.assignments import Assignments
from transforms.committed_backup import CommittedBackup
from transforms.errors import RefusedError, ShardkeepError, SkippedError
from transforms.first_rows import FirstRows
from transforms.progress import Amount
from transforms.restore_work import RestoreWork
from transforms.restored import Restored, restored_json, restored_of
from transforms.skipped import listed
from transforms.source import Assignment, Target
from transforms.vault.catalogue import Listing
from transforms.vault.find_backup import find_backup, usable
from transforms.vault.format.attachments import Attachments
from transforms.vault.format.manifest import Manifest
from transforms.vault.store.interface import Store
from transforms.vault.vault import Vault, open_vault

Build = Callable[[beam.Pipeline, RestoreWork, Result], None]
Assigned = Mapping[int, Assignment]
_SHOWN = ("table", "destination", "rows", "expired")


@dataclass(frozen=True, slots=True)
class RestoreConfig:
    """What a restore was asked to do, checked."""

    vault: str
    backup: str
    folder: str | None
    target: Target
    assigning: Assigning
    plan_only: bool
    json: bool
    engine: Engine
    writers: int = 4
    resumption: Resumption | None = None
    tried: str = ""
    """What a plan runs on the target's server without keeping it, for people; empty if it runs nothing."""
    report: Report | None = None
    name: str | None = None


def run_restore(config: RestoreConfig, build: Build) -> int:
    """Restore and print what was restored; returns the exit code."""
    refuse_distant_workers(config.vault, config.engine)
    if config.report:
        config.report.check(config.engine.is_here)
    vault = open_vault(config.vault)
    listing = find_backup(vault, config.backup, config.folder, config.name)
    manifest = usable(listing)
    assigned = _judge(config, manifest, vault.store_of(listing.folder))
    if config.plan_only:
        return _print_plan(config, manifest, assigned)
    restored = _run(config, build, vault, listing, assigned)
    if restored is None:
        print_elsewhere(config.engine, config.json)
        return 0
    _forget(config.target)
    _print(config.target, restored, config.json)
    return SkippedError.exit_code if restored.ending.skipped else 0


def _forget(target: Target) -> None:
    """Clear up after a complete restore; if that fails, print a warning: the restore itself has succeeded."""
    try:
        target.forget()
    except ShardkeepError as error:
        print(f"warning: everything was restored, but not cleared up: {error}", file=sys.stderr)


def _judge(config: RestoreConfig, manifest: Manifest, store: Store) -> Assigned:
    """Check once, before the job, that the restore is allowed; returns what goes where.

    Raises:
        RefusedError: if the backup is of another kind of database, or the target refuses it.
    """
    if config.target.identity().room != manifest.intent.source.room:
        raise RefusedError(f"the backup is of {manifest.intent.source}; restore it with that database's own command.")
    chosen = config.assigning(manifest)
    attachments, samples = Attachments(store, manifest.attachments), FirstRows(store, manifest)
    return dict(zip(chosen, config.target.check(list(chosen.values()), attachments, samples), strict=True))


def _run(config: RestoreConfig, build: Build, vault: Vault, listing: Listing, assigned: Assigned) -> Restored | None:
    """Run the job; returns what was restored, None if that is in a worker's log."""
    source = usable(listing).intent.source
    with watched(config.engine) as job:
        committed = CommittedBackup(vault.location, listing.folder, listing.backup)
        pipeline = open_pipeline(config.engine)
        label(pipeline, job_labels(f"{source.room}-restore", listing.folder, listing.backup))
        assignments = Assignments.judged(config.assigning, assigned)
        result = Reported(job.result, config.report) if config.report else job.result
        build(pipeline, RestoreWork(committed, config.target, assignments, job.progress, config.writers), result)
        try:
            job.run(pipeline, "restoring", _whole(usable(listing), assigned))
        except ShardkeepError as error:
            raise type(error)("\n".join([str(error), *_unfinished(config, listing, assigned)])) from error
        except BaseException as error:
            if not job.goes_on(error):
                print("\n".join(_unfinished(config, listing, assigned)), file=sys.stderr)
            raise
        answer = job.answer()
        return None if answer is None else restored_of(answer)


def _whole(manifest: Manifest, assigned: Assigned) -> Amount:
    return Amount(bytes=sum(manifest.tables[place].totals.bytes for place in assigned))


def _unfinished(config: RestoreConfig, listing: Listing, assigned: Assigned) -> Iterator[str]:
    """What the failed job has left unfinished, or why that is not known: the job's own error matters more."""
    try:
        left = config.target.unfinished(list(assigned.values()))
    except ShardkeepError as error:
        left = [f"What the restore has left is not known: {error}"]
    yield from left
    if left and config.resumption:
        source = usable(listing).intent.source
        into_source = config.assigning.writes_source(source, assigned.values())
        yield f"To go on: {config.resumption.command(listing.backup, listing.folder, into_source=into_source)}"


def _print_plan(config: RestoreConfig, manifest: Manifest, assigned: Assigned) -> int:
    """Print what would be done, without writing anything."""
    plan = [
        (item.table.name, item.destination, "create" if item.create else "add to", manifest.tables[place].totals.rows)
        for place, item in assigned.items()
    ]
    if config.json:
        names = ("table", "destination", "action", "rows")
        tried = {"tried": config.tried} if config.tried else {}
        print(json.dumps({"tables": [dict(zip(names, row, strict=True)) for row in plan], **tried}))
    else:
        print(render(("TABLE", "DESTINATION", "ACTION", "ROWS"), plan))
        print(f"Nothing was written: --plan_only. {config.tried}".rstrip())
    return 0


def _print(target: Target, restored: Restored, as_json: bool) -> None:
    for note in [*chain.from_iterable(table.notes for table in restored.tables), *restored.ending.notes]:
        print(f"note: {note}", file=sys.stderr)
    for warning in _warnings(target, restored):
        print(f"warning: {warning}", file=sys.stderr)
    if as_json:
        print(json.dumps(restored_json(restored)))
        return
    shown = [key for key in _SHOWN if key != "expired" or any(table.expired for table in restored.tables)]
    headings = [key.replace("_", " ").upper() for key in shown]
    print(render(headings, [[getattr(table, key) for key in shown] for table in restored.tables]))


def _warnings(target: Target, restored: Restored) -> Iterator[str]:
    for table in restored.tables:
        yield from target.warnings(table.destination, table.expired)
    yield from (f"left out: {line}" for line in listed(restored.ending.skipped))
    yield from restored.others.warnings()
