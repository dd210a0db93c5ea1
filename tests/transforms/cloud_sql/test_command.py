"""How the proxy is called."""

from pathlib import Path

import pytest

from transforms.cloud_sql.command import PROGRAM, command, environment
from transforms.cloud_sql.instance import CloudSql
from transforms.errors import UnreachableError

NAME = "p:r:i"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program of the proxy's name, alone on the PATH."""
    path = tmp_path / PROGRAM
    path.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return str(path)


@pytest.mark.parametrize(
    ("cloud_sql", "iam_auth", "flags"),
    [
        (CloudSql(NAME), False, []),
        (CloudSql(NAME, "private"), False, ["--private-ip"]),
        (CloudSql(NAME, "psc"), True, ["--psc", "--auto-iam-authn"]),
        (CloudSql(NAME), True, ["--auto-iam-authn"]),
    ],
)
def test_the_address_and_the_login_are_flags(
    program: str, cloud_sql: CloudSql, iam_auth: bool, flags: list[str]
) -> None:
    wanted = [program, "--quiet", *flags, "p:r:i?unix-socket-path=/x/db"]
    assert command(cloud_sql, iam_auth, Path("/x/db")) == wanted


def test_a_folder_is_encoded_as_the_proxy_decodes_it(program: str) -> None:
    assert command(CloudSql(NAME), False, Path("/a b/c&d+e?/db"))[-1].endswith("=/a%20b/c%26d%2Be%3F/db")


def test_setpriv_lets_the_kernel_end_it_with_its_parent(program: str) -> None:
    setpriv = Path(program).with_name("setpriv")
    setpriv.touch(0o755)
    assert command(CloudSql(NAME), False, Path("/x"))[:5] == [str(setpriv), "--pdeathsig", "TERM", "--", program]


def test_a_missing_program_is_an_error_that_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"cloud-sql-proxy \(version 2\) on the PATH.*sql-proxy#install"):
        command(CloudSql(NAME), False, Path("/x"))


def test_it_gets_no_password_and_no_setting_that_contradicts_the_options() -> None:
    ours = {
        "PATH": "/bin",
        "PGPASSWORD": "hunter2",
        "PGPASSFILE": "f",
        "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
        "HTTPS_PROXY": "http://proxy",
        "CSQL_PROXY_PORT": "5432",
        "CSQL_PROXY_AUTO_IAM_AUTHN": "true",
        "CSQL_PROXY_HEALTH_CHECK": "true",
        "CSQL_PROXY_IMPERSONATE_SERVICE_ACCOUNT": "a@p.iam.gserviceaccount.com",
        "CSQL_PROXY_QUOTA_PROJECT": "p",
    }
    kept = ("PATH", "GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "CSQL_PROXY_IMPERSONATE_SERVICE_ACCOUNT",
            "CSQL_PROXY_QUOTA_PROJECT")  # fmt: skip
    assert environment(ours) == {name: ours[name] for name in kept}
