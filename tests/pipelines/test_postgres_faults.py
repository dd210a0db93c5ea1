"""Sessions and processes that are ended in a backup, a disk that is full, a password that cannot be had."""

import json
import subprocess
import sys
from pathlib import Path
from signal import SIGHUP

import pytest

from tests.pipelines.postgres_gate import ADVISORY, RELATION
from tests.pipelines.postgres_outcome import numbers_of, require_no_backup, require_told, states
from tests.pipelines.postgres_scene import ALL, LOCK_ASIDE, NOT_ASIDE, THROUGH_THE_GATE, Process, Scene
from transforms.postgres.server import credential

SECRET = "--password_secret=projects/p/secrets/s/versions/1"  # noqa: S105 - the name of one


@pytest.mark.parametrize("tables", ["public.first", "public.first,public.last"], ids=["pg_dump", "reader"])
def test_a_lost_snapshot_is_no_backup(scene: Scene, tables: str) -> None:
    """Whoever comes next cannot import it: pg_dump, or the reader of the next table."""
    with scene.reading(f"--table={tables}") as go_on:
        scene.observer.terminate("shardkeep snapshot")
        ended = go_on()
    require_told(ended, 9, "snapshot", "Start the backup again")
    require_no_backup(scene.vault)


@pytest.mark.parametrize("application", ["shardkeep backup", "%pg_dump%"])
def test_a_lost_session_is_no_backup(scene: Scene, application: str) -> None:
    with scene.reading() if application == "shardkeep backup" else scene.dumping() as go_on:
        scene.observer.terminate(application)
        ended = go_on()
    require_told(ended, 9, "terminat", "run again")
    require_no_backup(scene.vault)


@pytest.mark.parametrize(
    ("application", "lock", "obstacle"),
    [
        ("shardkeep snapshot", RELATION, "LOCK TABLE last IN ACCESS EXCLUSIVE MODE"),
        ("shardkeep backup", ADVISORY, ""),
        ("%pg_dump%", RELATION, LOCK_ASIDE),
    ],
)
def test_a_killed_backup_is_none_and_the_next_one_works(
    scene: Scene, application: str, lock: str, obstacle: str
) -> None:
    with scene.held(obstacle) if obstacle else scene.shut():
        process = Process("postgres_backup", scene.vault, scene.url, *THROUGH_THE_GATE, NOT_ASIDE)
        try:
            scene.observer.await_wait(process, application, lock)
        finally:
            process.kill()
        require_no_backup(scene.vault)
    assert scene.backup().code == 0
    assert numbers_of(scene.vault) == ALL


@pytest.mark.usefixtures("heeded_signals")
def test_a_terminal_that_hangs_up_ends_all_and_what_a_kill_leaves_is_removed_by_the_next_command(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with scene.held(LOCK_ASIDE):
        process = Process("postgres_backup", scene.vault, scene.url, NOT_ASIDE)
        scene.observer.await_wait(process, "%pg_dump%")
        process.kill()
    [left] = temporary.glob("shardkeep-run-*")
    with scene.held(LOCK_ASIDE):
        process = Process("postgres_backup", scene.vault, scene.url, NOT_ASIDE)
        scene.observer.await_wait(process, "%pg_dump%")
        [own] = temporary.glob("shardkeep-run-*")
        assert own != left
        [pg_dump] = process.children()
        assert process.end(SIGHUP) == 129
        assert not Path(f"/proc/{pg_dump}").exists()
    assert list(temporary.glob("shardkeep-run-*")) == []
    assert [(made["state"], made["problem"]) for made in states(scene.vault)] == [
        ("STARTED", None),
        ("FAILED", "the terminal hung up"),
    ]


# Mounts a small file system of its own on the vault, runs the command, and lists the backups before it is gone.
ON_A_SMALL_DISK = """
    mount -t tmpfs -o size=$1 none "$2" || exit 99
    "$3" -m pipelines.postgres_backup --vault="$2" --database="$4" --chunk_size=16KiB
    code=$?
    "$3" -m pipelines.list_backups --vault="$2" --json
    exit $code
"""


@pytest.mark.parametrize("size", ["4k", "64k"], ids=["intent", "rows"])
def test_a_full_vault_is_told_and_holds_no_backup(scene: Scene, size: str) -> None:
    scene.sql("CREATE TABLE large AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n")
    scene.vault.mkdir()
    command = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, "sh", size, str(scene.vault), sys.executable, scene.url]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode == 99 or "unshare failed" in ended.stderr or "write failed" in ended.stderr:
        pytest.xfail(f"this machine lets nobody mount a small disk: {ended.stderr}")
    assert ended.returncode == 9, ended.stderr
    assert "No space left on device" in ended.stderr
    assert "Make room" in ended.stderr
    assert "Traceback" not in ended.stderr
    # Whether there was room for the note that it failed is left to the disk.
    assert {made["state"] for made in json.loads(ended.stdout)} <= {"STARTED", "FAILED"}


@pytest.mark.parametrize(
    "account",
    [None, {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}],
    ids=["no account", "no network"],
)
def test_a_secret_that_cannot_be_had_is_told_at_once(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: "dict[str, str] | None"
) -> None:
    file = tmp_path / "account.json"
    if account is not None:
        file.write_text(json.dumps({**account, "token_uri": "http://127.0.0.1:9/token"}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    else:
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setattr(credential, "SECONDS", 1)
    ended = scene.backup(SECRET)
    require_told(ended, 9, "projects/p/secrets/s/versions/1", "check the network")
    assert not scene.vault.exists()
