"""The graph of a backup, on an engine in this process."""

from pipelines.command.job.engine import Engine, open_pipeline
from pipelines.command.job.run import run_job
from transforms.backup import Backup
from transforms.backup_work import BackupWork


def backup(work: BackupWork, *options: str) -> None:
    """Take a backup whose intent is written, with options of the engine."""
    pipeline = open_pipeline(Engine.of(["--runner=FnApiRunner", *options]))
    pipeline | Backup(work)
    run_job(pipeline)
