"""The order in which a table is read."""

from dataclasses import replace
from typing import Any

import pytest

from tests.transforms.postgres.catalogs import made, relations
from transforms.errors import UsageError
from transforms.postgres.catalog.key import Key
from transforms.postgres.catalog.read_order import ReadOrder
from transforms.postgres.catalog.relation import CTID, KEY, Relation
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.session import Connection


def test_a_table_with_a_key_is_read_by_it_if_it_follows_the_file_or_is_small(scratch: Connection) -> None:
    made(
        scratch,
        "CREATE TABLE public.sorted (a int PRIMARY KEY)",
        "CREATE TABLE public.mixed (a int PRIMARY KEY)",
        "INSERT INTO public.sorted SELECT generate_series(1, 2000)",
        "INSERT INTO public.mixed SELECT a * 7919 % 2003 FROM generate_series(1, 2000) a",
        "ANALYZE public.sorted, public.mixed",
    )
    found = relations(scratch)
    assert {each.order for each in found.values()} == {KEY}
    assert [round(each.correlation or 0, 1) for each in found.values()] != [1.0, 1.0]
    large = [replace(each, bytes=1 << 30) for each in found.values()]
    auto = ReadOrder("auto", 15, is_frozen=True)
    assert {str(each.name): auto.choose(each).order for each in large} == {"public.sorted": KEY, "public.mixed": CTID}


@pytest.mark.parametrize(
    ("word", "major", "is_frozen", "options", "order", "is_divisible"),
    [
        ("auto", 15, True, {"correlation": 0.2}, CTID, True),
        ("auto", 15, True, {"correlation": None}, CTID, True),
        ("auto", 15, True, {"correlation": -0.95}, KEY, True),
        ("auto", 15, True, {"correlation": 0.2, "bytes": 1 << 20}, KEY, True),
        ("auto", 13, True, {"correlation": 0.2}, KEY, True),
        ("auto", 15, False, {"correlation": 0.2}, KEY, True),
        ("auto", 15, True, {"correlation": 0.2, "access_method": "columnar"}, KEY, True),
        ("auto", 15, True, {"key": None}, CTID, True),
        ("auto", 13, True, {"key": None}, CTID, False),
        ("auto", 15, False, {"key": None}, CTID, False),
        ("auto", 15, True, {"key": None, "access_method": "columnar"}, CTID, False),
        ("key", 15, True, {"correlation": 0.2}, KEY, True),
        ("key", 15, True, {"key": None}, CTID, True),
        ("physical", 15, True, {"correlation": 1.0}, CTID, True),
        ("physical", 15, True, {"access_method": "columnar"}, KEY, True),
    ],
)
def test_the_order_is_chosen_by_word_server_moment_and_table(
    word: str, major: int, is_frozen: bool, options: dict[str, Any], order: str, is_divisible: bool
) -> None:
    keyed = Relation(1, Name("a", "b"), (), key=Key("i", (0,)), bytes=1 << 30)
    chosen = ReadOrder(word, major, is_frozen).choose(replace(keyed, **options))
    assert (chosen.order, chosen.is_divisible) == (order, is_divisible)


@pytest.mark.parametrize(
    ("word", "major", "is_frozen", "words"),
    [
        ("random", 15, True, "must be one of auto, key, physical"),
        ("physical", 15, False, "needs one moment"),
        ("physical", 13, True, "needs PostgreSQL 14"),
    ],
)
def test_an_order_that_cannot_be_had_is_refused(word: str, major: int, is_frozen: bool, words: str) -> None:
    with pytest.raises(UsageError, match=f"^--order={word}.*{words}"):
        ReadOrder(word, major, is_frozen)
