import pytest

from transforms.bigtable.restore.selection import assign_tables
from transforms.errors import NotFoundError, UsageError
from transforms.identity import Table

IDS = ("events-1", "events-2", "orders", "orders_old")
TABLES = [Table((name,), {}, "") for name in IDS]


def assigned(*wanted: str, excluded: tuple[str, ...] = ()) -> dict[str, str]:
    places, assignments = assign_tables(wanted, TABLES, excluded)
    assert [TABLES[place] for place in places] == [assignment.table for assignment in assignments]
    return {assignment.table.name: assignment.destination for assignment in assignments}


def test_nothing_named_is_everything() -> None:
    assert assigned() == {name: name for name in IDS}


def test_globs_select_as_at_backup() -> None:
    assert list(assigned("ev*")) == ["events-1", "events-2"]
    assert list(assigned("events-[2-9]", "order?")) == ["events-2", "orders"]
    assert assigned("orders:copy", "o*") == {"orders": "copy", "orders_old": "orders_old"}
    assert assigned("o*", "orders:copy") == {"orders": "copy", "orders_old": "orders_old"}


def test_what_is_excluded_is_left_out() -> None:
    assert list(assigned(excluded=("ev*", "orders_old"))) == ["orders"]
    assert assigned("orders:copy", "ev*", excluded=("*-1",)) == {"events-2": "events-2", "orders": "copy"}
    with pytest.raises(NotFoundError, match="--exclude_table leaves out all"):
        assigned("ev*", excluded=("e*",))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (("ev*:copy",), r"--table=ev\*:copy: a glob gets no new name"),
        (("orders:",), "write SRC or SRC:DST"),
        ((":copy",), "write SRC or SRC:DST"),
        (("orders", "orders:copy"), "each SRC once"),
        (("orders:copy", "events-1:copy"), "two tables cannot be restored into one"),
        (("orders:events-1", "ev*"), "two tables cannot be restored into one"),
    ],
)
def test_what_leaves_it_open_which_table_is_meant_is_a_wrong_use(wanted: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        assigned(*wanted)


def test_what_the_backup_lacks_is_not_found() -> None:
    with pytest.raises(NotFoundError, match=r"--table=x\*: the backup has no such table. It has: events-1, "):
        assigned("x*")
    with pytest.raises(NotFoundError, match="--table=none: the backup"):
        assigned("orders", "none:copy")
    with pytest.raises(NotFoundError, match="--exclude_table=none: the backup"):
        assigned(excluded=("none",))
