"""PostgreSQL's client programs: found, and run without ever showing a password."""

import os
import stat
from pathlib import Path

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.servers.program_file import program
from transforms.errors import NotFoundError, UnreachableError, UsageError
from transforms.postgres.archive import client_programs
from transforms.postgres.archive.client_programs import ClientProgram, find, find_all, run
from transforms.postgres.server.database import Database
from transforms.postgres.server.database_url import parse_database

SECRET_ROLE = "with_password"  # noqa: S105 - the server's pg_hba.conf asks this role for one
NOWHERE = Database("db", 5432, "me", "shop")
PASSWORD = "hun:ter\\2 ü"  # noqa: S105
REPORT = """#!/bin/sh
tr '\\0' '\\n' < /proc/$$/cmdline
env
test -z "$PGPASSFILE" || { ls -l "$PGPASSFILE"; cat "$PGPASSFILE"; }
"""


def script(folder: Path, name: str, text: str) -> ClientProgram:
    return ClientProgram(str(program(folder / name, text)), 17)


def versions(folder: Path, *majors: int) -> None:
    for major in majors:
        script(folder / str(major), "pg_dump", f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.2 (Some 1.2)'\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with pg_dump 13, 15 and 17 where packages put them, and 16 on the PATH."""
    versions(tmp_path, 13, 15, 16, 17)
    script(tmp_path / "broken", "pg_dump", "#!/bin/sh\nexit 1\n")
    monkeypatch.setattr(client_programs, "PLACES", tuple(f"{tmp_path}/{at}" for at in ("13", "1[57]", "broken", "no")))
    monkeypatch.setenv("PATH", f"{tmp_path}/16:/nonexistent")
    return tmp_path


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    """The password of every database of which `secret` is true."""
    monkeypatch.setattr(client_programs, "password_of", lambda database: PASSWORD)
    return PASSWORD


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(("at_least", "major"), [(12, 13), (14, 15), (16, 16), (17, 17)])
def test_the_nearest_version_that_fits_is_taken(at_least: int, major: int) -> None:
    assert find("pg_dump", at_least).major == major


def test_a_program_that_is_missing_is_named_with_those_that_are_there(machine: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No pg_dump of PostgreSQL 18 or later .*postgresql-client-18") as caught:
        find("pg_dump", 18)
    assert f"{machine}/16/pg_dump (16)" in str(caught.value)
    with pytest.raises(NotFoundError, match=r"No pg_restore of PostgreSQL 14 or later on.*found: none"):
        find("pg_restore", 14)


def test_debians_wrapper_is_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = script(tmp_path / "share", client_programs.WRAPPER, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.1'\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pg_dump").symlink_to(wrapper.path)
    monkeypatch.setattr(client_programs, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_all("pg_dump") == []


def test_a_real_pg_dump_reads_a_real_server(postgres: PostgresServer) -> None:
    major = postgres.binaries.major
    printed = run(find("pg_dump", major), parse_database(postgres.url()), ["--schema-only"])
    assert f"-- Dumped from database version {major}".encode() in printed


def test_a_program_that_fails_says_why(postgres15: PostgresServer) -> None:
    with pytest.raises(UnreachableError, match=r'(?s)pg_dump \(15\).*failed:.*database "gone" does not exist'):
        run(find("pg_dump", 15), parse_database(postgres15.url("gone")), [])


def test_output_is_bytes_and_input_is_nothing(tmp_path: Path) -> None:
    program = script(tmp_path, "pg_dump", "#!/bin/sh\ncat\nprintf '\\377\\000a'\n")
    assert run(program, NOWHERE, []) == b"\xff\0a"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the script reads /proc")
def test_a_password_is_in_a_private_file_alone(tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "another")
    database = Database("db", 5432, "me", "shop", password_secret="projects/p/secrets/s/versions/1")  # noqa: S106
    printed = run(script(tmp_path, "pg_dump", REPORT), database, ["--schema-only"]).decode()
    seen, _, listed = printed.partition("\n-rw-------")
    assert listed, "the file is not private"
    assert "hun" not in seen
    assert "another" not in seen
    assert "host=db" in seen
    assert listed.endswith("*:*:*:*:hun\\:ter\\\\2 ü\n")
    path = next(line.partition("=")[2] for line in seen.splitlines() if line.startswith("PGPASSFILE="))
    assert not os.path.exists(os.path.dirname(path))


def test_the_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        client_programs._write_private(tmp_path / "pgpass", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "pgpass").stat().st_mode) == 0o600


@pytest.mark.usefixtures("password")
def test_a_server_takes_the_password_from_the_file(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong")
    quoted = PASSWORD.replace("\\", "\\\\")
    postgres.sql(f"DROP ROLE IF EXISTS {SECRET_ROLE}; CREATE ROLE {SECRET_ROLE} LOGIN PASSWORD E'{quoted}'")
    program = find("pg_dump", postgres.binaries.major)
    assert b"database dump" in run(program, parse_database(postgres.url(user=SECRET_ROLE)), ["--schema-only"])


def test_a_password_with_a_line_break_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_programs, "password_of", lambda database: "hunter\n2")
    with pytest.raises(UsageError, match="line break") as caught:
        run(script(tmp_path, "pg_dump", REPORT), NOWHERE, [])
    assert "hunter" not in str(caught.value)


def test_the_environment_changes_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGOPTIONS", "PGHOST", "PGSERVICE"):
        monkeypatch.setenv(name, "strange")
    monkeypatch.setenv("PGSSLROOTCERT", "root.crt")
    printed = run(script(tmp_path, "pg_dump", "#!/bin/sh\nenv\n"), NOWHERE, []).decode()
    assert "strange" not in printed
    assert "PGSSLROOTCERT=root.crt" in printed
