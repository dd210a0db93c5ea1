import pytest

from pipelines.command.options.arguments import OptionParser
from pipelines.command.options.postgres_reading import (
    add_reading,
    add_selection,
    lanes_and_threads,
    readers_of,
    selection_of,
)
from transforms.errors import UsageError


def test_a_job_stays_within_its_connections() -> None:
    assert readers_of(8, 4, here=True) == 2
    assert readers_of(2, 40, here=True) == 2
    assert readers_of(None, None, here=False) == 8
    assert 2 <= readers_of(None, None, here=True) <= 8


def test_too_few_connections_for_one_reader_are_refused() -> None:
    assert readers_of(None, 3, here=True) == 1
    with pytest.raises(UsageError, match=r"^--max_connections=2 is too few"):
        readers_of(None, 2, here=True)


def test_readers_share_one_lane_only_if_there_is_one_worker() -> None:
    assert lanes_and_threads(4, alone=True) == (1, 4)
    assert lanes_and_threads(4, alone=False) == (4, 1)


def test_each_line_of_where_is_a_condition() -> None:
    parser = OptionParser("x", "x.")
    add_selection(parser)
    add_reading(parser)
    values = parser.parse_args(["--table=public.a,s.*", "--where=public.a:n > 1\ns.b:m = 2"])
    assert selection_of(values).settings() == {
        "table": "--table=public.a\n--table=s.*",
        "where": "--where=public.a:n > 1\n--where=s.b:m = 2",
    }
    assert selection_of(parser.parse_args([])).settings() == {}
