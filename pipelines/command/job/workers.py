"""Where the workers of a job are, and whether the job ends with its command, from Beam's options."""

import argparse
import json

from apache_beam.options.pipeline_options import (
    DirectOptions,
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)

_IN_COMMAND = frozenset({"FnApiRunner", "DirectRunner"})
# Beam's "portable" engines, which start workers as --environment_type says.
_PORTABLE = frozenset({"PrismRunner", "FlinkRunner", "PortableRunner"})
# These names mean a Flink inside the job server: `FlinkRunner.MAGIC_HOST_NAMES`.
_OWN_FLINK = frozenset({"[local]", "[auto]"})
_LOOPBACK = ("localhost:", "127.0.0.1:", "[::1]:")


class WorkersOptions(PipelineOptions):
    """What only the user can know about the workers; a subclass, so that Beam's parsers know the option."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--workers_see",
            choices=["vault", "machine"],
            help="workers elsewhere see the vault's folder under the same name, or all files since they run here",
        )


def see_vault(options: PipelineOptions) -> bool:
    """Whether the workers see a vault in a folder of this machine: they see all its files, or the folder is shared."""
    return share_files(options) or (_runner(options) in _PORTABLE and _seen(options) == "vault")


def share_files(options: PipelineOptions) -> bool:
    """Whether the workers see the files of this machine.

    What matters is where the workers are, not the engine. A job server on this machine may serve a cluster elsewhere,
    where `localhost` in the address of a worker pool means a machine of the cluster. So `localhost` means this machine
    only for an engine that the command itself starts.
    """
    runner = _runner(options)
    if runner not in _PORTABLE:
        return runner in _IN_COMMAND
    kind = _environment(options)
    if kind == "LOOPBACK" or _seen(options) == "machine":
        return True
    return _is_own_engine(options) and (kind == "PROCESS" or (kind == "EXTERNAL" and _has_pool_here(options)))


def are_one(options: PipelineOptions) -> bool:
    """Whether there is only one worker, in the command's own process."""
    return bool(_runner(options) == "FnApiRunner" and options.view_as(DirectOptions).direct_num_workers == 1)


def may_outlive(options: PipelineOptions) -> bool:
    """Whether a job may continue without its command: neither engine nor workers run in it or in its children."""
    return not _is_own_engine(options) and not (_runner(options) in _PORTABLE and _environment(options) == "LOOPBACK")


def _runner(options: PipelineOptions) -> str:
    return str(options.view_as(StandardOptions).runner)


def _seen(options: PipelineOptions) -> str | None:
    seen: str | None = options.view_as(WorkersOptions).workers_see
    return seen


def _is_own_engine(options: PipelineOptions) -> bool:
    runner = _runner(options)
    if runner in _IN_COMMAND:
        return True
    own = runner == "PrismRunner" or (runner == "FlinkRunner" and _flink_master(options) in _OWN_FLINK)
    return own and not options.view_as(PortableOptions).job_endpoint


def flink_cluster(options: PipelineOptions) -> str | None:
    """The JobManager of the Flink cluster that runs the job, if the options name it."""
    master = _flink_master(options)
    return master if _runner(options) in _PORTABLE and master not in _OWN_FLINK else None


def _flink_master(options: PipelineOptions) -> str:
    return str(options.view_as(FlinkRunnerOptions).flink_master).strip()


def _environment(options: PipelineOptions) -> str:
    """The kind of the workers' environment; if none is given, the one that the runner itself chooses."""
    if named := options.view_as(PortableOptions).environment_type:
        return str(named)
    runner = _runner(options)
    loops = runner == "PrismRunner" or (runner == "FlinkRunner" and _flink_master(options) in _OWN_FLINK)
    return "LOOPBACK" if loops else "DOCKER"


def _has_pool_here(options: PipelineOptions) -> bool:
    """Whether the worker pool's address, which is the environment's configuration or part of it, is of this machine."""
    config = options.view_as(PortableOptions).environment_config or ""
    if config.lstrip().startswith("{"):
        try:
            config = str(json.loads(config).get("url", ""))
        except json.JSONDecodeError:
            return False
    return config.startswith(_LOOPBACK)
