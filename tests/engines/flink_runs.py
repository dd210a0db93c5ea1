"""Commands on Flink, by a job server for it: in this process, whose threads are then the workers, or in their own."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines.prism_runs import start
from tests.pipelines.bigtable_runs import Ended, run


@dataclass(frozen=True)
class Flink:
    """The engine.

    Attributes:
        endpoint: `host:port` of the job server.
        worker: The program that starts a worker process; None if the command's own threads are the workers.
        environment: What such a process has in its environment.
        said: Options of ours for the workers.
        master: `host:port` of the cluster's JobManager; empty where the job server has a Flink of its own.
    """

    endpoint: str
    worker: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    master: str = ""

    def options(self) -> list[str]:
        """What is added to a command so that it runs on Flink."""
        runner = (
            ["--runner=FlinkRunner", f"--flink_master={self.master}"] if self.master else ["--runner=PortableRunner"]
        )
        engine = [*runner, f"--job_endpoint={self.endpoint}", "--parallelism=2", *self.said]
        if self.worker is None:
            return [*engine, "--environment_type=LOOPBACK"]
        config = json.dumps({"command": str(self.worker), "env": dict(self.environment)})
        cached = "--environment_cache_millis=60000"
        return [*engine, "--environment_type=PROCESS", f"--environment_config={config}", cached]

    def run(self, main: Callable[[Sequence[str]], int], *argv: str) -> Ended:
        """Run a command in this process."""
        return run(main, *argv, *self.options())

    def open(self, command: str, *argv: str) -> "subprocess.Popen[str]":
        """Start a command in a process of its own."""
        return start([command, *argv, *self.options()], self.environment)
