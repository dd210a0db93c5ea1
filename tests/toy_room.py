"""A tree like ours with one database more: what somebody adds who begins with one."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILT = shutil.ignore_patterns("__pycache__", "*.so", "*.c")
LINE = '    "toy": Room("Toy", "a Toy database", "an empty Toy database"),\n'
PIPELINE = '''"""A pipeline."""
import sys
from pipelines.command.options.arguments import OptionParser, parse
from pipelines.command.exit_codes import run_command
from pipelines.command.options.vault import add_written_vault

def options():
    parser = OptionParser("toy-VERB", "Move toys.", examples=("--vault=toys",))
    add_written_vault(parser)
    return parser

def configure(argv): return parse(options(), argv)

def build(pipeline, work): pass

def run(argv): return 0 if configure(argv) else 1

def main(argv=None): return run_command(run, argv)
'''


def copy_tree(root: Path) -> None:
    """What the checks of a database read and run, and no tests."""
    for folder in ("pipelines", "transforms", "templates", "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=BUILT)
    for name in ("README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, root / name)
    for test in ROOT.glob("tests/transforms/*/test_*.py"):
        put(root / test.relative_to(ROOT), "")


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def add_folder(root: Path) -> None:
    for name in ("__init__", "source", "target"):
        put(root / f"transforms/toy/{name}.py", "")
    put(root / "transforms/toy/records.py", "def inspect(records, table, key_range): pass\n")
    put(root / "transforms/toy/codec.pyx", "")


def add_pipelines(root: Path) -> None:
    for verb in ("backup", "restore"):
        put(root / f"pipelines/toy_{verb}.py", PIPELINE.replace("VERB", verb))


def add_line(root: Path) -> None:
    registry = root / "pipelines/command/rooms.py"
    text = registry.read_text(encoding="utf-8")
    begin = "ROOMS: Mapping[str, Room] = {\n"
    put(registry, text.replace(begin, begin + LINE))
