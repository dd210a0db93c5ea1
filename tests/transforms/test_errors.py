import pickle

import pytest

from transforms import errors
from transforms.errors import ShardkeepError

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShardkeepError)]


def test_each_class_has_an_exit_code_of_its_own() -> None:
    assert sorted(kind.exit_code for kind in CLASSES) == [1, 2, 3, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_comes_back_whole_from_a_worker(kind: type[ShardkeepError]) -> None:
    back = pickle.loads(pickle.dumps(kind("what, where, what next")))  # noqa: S301 -- our own bytes
    assert (type(back), str(back)) == (kind, "what, where, what next")
