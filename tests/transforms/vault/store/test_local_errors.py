import errno
import os

import pytest

from transforms.errors import ExistsError, IntegrityError, NotFoundError, ShardkeepError, UnreachableError
from transforms.vault.store.local_errors import explained, no_object


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.EEXIST, ExistsError, "n exists already"),
        (errno.ENOENT, NotFoundError, "n is not in the vault"),
        (errno.ELOOP, IntegrityError, "n is no file but a link or a device"),
        (errno.ENAMETOOLONG, IntegrityError, "longer than the name of a file"),
        (errno.EXDEV, UnreachableError, "no hard links"),
        (errno.ENOSPC, UnreachableError, "Make room"),
        (errno.EACCES, UnreachableError, "Permission denied. Check that the vault can be read"),
    ],
)
def test_each_refusal_of_a_file_system_is_an_error_that_names_the_object(
    code: int, kind: type[ShardkeepError], words: str
) -> None:
    with pytest.raises(kind, match=words), explained("n"):
        raise OSError(code, os.strerror(code))


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="other"), explained("n"):
        raise ValueError("other")
    assert "n is a socket" in str(no_object("n", "a socket"))
