"""What a process keeps for its threads: shared by them, and by no forked process."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from transforms.process_registry import ProcessRegistry

TRANSFORMS = Path(__file__).parents[2] / "transforms"
# Values that say so when they are destroyed; the fork comes while another thread holds the registry.
FORKER = """
import os, threading
from transforms.process_registry import ProcessRegistry

class Loud:
    def __del__(self):
        os.write(1, b"destroyed in %s\\n" % (b"parent" if os.getpid() == parent else b"child"))

parent, registry = os.getpid(), ProcessRegistry()
with registry.held() as items:
    items["key"] = Loud()
is_held, may_end = threading.Event(), threading.Event()

def hold():
    with registry.held():
        is_held.set()
        may_end.wait()

thread = threading.Thread(target=hold)
thread.start()
is_held.wait()
child = os.fork()
if not child:
    with registry.held() as items:
        assert items == {}
        items["key"] = "its own"
    os._exit(0)
may_end.set()
thread.join()
assert os.waitpid(child, 0)[1] == 0
with registry.held() as items:
    assert isinstance(items.pop("key"), Loud)
"""


def test_threads_share_the_values_one_at_a_time() -> None:
    registry: ProcessRegistry[str, list[int]] = ProcessRegistry()

    def add(number: int) -> None:
        with registry.held() as items:
            items["all"] = [*items.get("all", []), number]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(400)))
    with registry.held() as items:
        assert sorted(items["all"]) == list(range(400))


def test_a_forked_process_begins_with_none_and_destroys_nothing_of_its_parent_s() -> None:
    ran = subprocess.run([sys.executable, "-c", FORKER], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "destroyed in parent\n", "")


def test_nothing_else_shares_what_a_fork_must_not() -> None:
    """A lock of a module, or another way to notice a fork, would be a second policy."""
    others = [path for path in sorted(TRANSFORMS.rglob("*.py")) if path.name != "process_registry.py"]
    assert [place for path in others for place in own_policies(path)] == []


def own_policies(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = [node for each in tree.body if isinstance(each, ast.Assign | ast.AnnAssign) for node in ast.walk(each)]
    calls = [node.func for node in assigned if isinstance(node, ast.Call)]
    names = [(node, {"Lock", "RLock"}) for node in calls]
    names += [(node, {"register_at_fork", "getpid", "fork"}) for node in ast.walk(tree) if isinstance(node, ast.expr)]
    return (f"{path.relative_to(TRANSFORMS)}:{node.lineno}" for node, words in names if named(node) in words)


def named(node: ast.expr) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")
