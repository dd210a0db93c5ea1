"""A Flink cluster on loopback: one JobManager, and TaskManagers that may be killed and replaced."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import flink
from tests.servers.flink_java import Program, java, running

JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
LISTENS, REGISTERED = "Rest endpoint listening at", "Successful registration at resource manager"
# Started without Flink's scripts, a TaskManager wants each size of its memory. Restarts go on for longer than a lost
# TaskManager takes to be missed (heartbeat.timeout), or all of them would be spent on it.
SETTINGS = """\
jobmanager.rpc.address: localhost
jobmanager.bind-host: localhost
rest.address: localhost
rest.bind-address: localhost
taskmanager.host: localhost
taskmanager.bind-host: localhost
taskmanager.numberOfTaskSlots: 2
cluster.evenly-spread-out-slots: true
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 20
restart-strategy.fixed-delay.delay: 5 s
heartbeat.interval: 3000
heartbeat.timeout: 15000
taskmanager.cpu.cores: 2.0
taskmanager.memory.task.heap.size: 300m
taskmanager.memory.task.off-heap.size: 0
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.network.min: 128m
taskmanager.memory.network.max: 128m
taskmanager.memory.managed.size: 128m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 192m
taskmanager.memory.jvm-overhead.max: 192m
"""
LOG = """\
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1} %m%n
"""


@dataclass
class Cluster:
    """The cluster.

    Attributes:
        folder: Its configuration, and the temporary files of its processes.
        stack: Ends its processes.
        master: `host:port` of the JobManager's REST interface.
        task_managers: Those that were started, in their order.
    """

    folder: Path
    stack: ExitStack
    master: str = ""
    task_managers: list[Program] = field(default_factory=list)

    def start(self) -> None:
        """Start the JobManager and two TaskManagers."""
        ports = f"jobmanager.rpc.port: {free_port()}\nrest.port: {free_port()}\n"
        (self.folder / "flink-conf.yaml").write_text(f"{SETTINGS}{ports}io.tmp.dirs: {self.folder}\n")
        (self.folder / "log4j.properties").write_text(LOG)
        line = self.stack.enter_context(running(self._java(JOB_MANAGER, "700m"), LISTENS))[1]
        self.master = line.rpartition("listening at ")[2].split()[0]
        for _ in range(2):
            self.add_task_manager()

    def add_task_manager(self) -> None:
        """Start another TaskManager, and wait until it has slots for jobs."""
        program, _ = self.stack.enter_context(running(self._java(TASK_MANAGER, "700m"), REGISTERED))
        self.task_managers.append(program)

    def kill_task_manager(self) -> None:
        """End the oldest TaskManager as a machine that fails does, and start another one."""
        lost = self.task_managers.pop(0).process
        lost.kill()
        lost.wait()
        self.add_task_manager()

    def _java(self, main: str, heap: str) -> list[str]:
        settings = [f"-Dlog4j.configurationFile={self.folder / 'log4j.properties'}", f"-Djava.io.tmpdir={self.folder}"]
        return java(flink.find(flink.CLUSTER), main, heap, settings, "--configDir", str(self.folder))


def free_port() -> int:
    """A port of loopback that was free a moment ago: Flink's processes must know it before it is bound."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster of two TaskManagers, whose processes are ended at exit.

    Raises:
        NotFoundError: if its libraries or Java are not there.
        UnreachableError: if it does not start.
    """
    with ExitStack() as stack:
        cluster = Cluster(folder, stack)
        cluster.start()
        yield cluster
