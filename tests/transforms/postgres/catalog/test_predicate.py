"""Conditions on rows, tried by a real server."""

import pytest

from tests.transforms.postgres.catalogs import loaded, made, relations
from transforms.errors import UsageError
from transforms.postgres.names.selection import Selection
from transforms.postgres.server.session import Connection

PREDICATES_REFUSED = [
    "id <",
    "nothing = 1",
    "id",
    "count(*) > 1",
    "true) OR (true",
    "true] OR ARRAY[true",
    "true; DROP TABLE public.t",
    "true) LIMIT 0; DROP TABLE public.t; --",
    "true, true",
    "true /* and so on",
    "id = 'one",
    "1 / 0 = 1",
    "id = 'x'",
    "true UNION SELECT true",
    "true AS x",
    "my_function(id)",
]


@pytest.mark.parametrize("predicate", PREDICATES_REFUSED)
def test_a_condition_that_is_no_single_expression_is_refused(scratch: Connection, predicate: str) -> None:
    made(scratch, "CREATE TABLE public.t (id int)")
    with pytest.raises(UsageError, match=r"^--where=public\.t:"), scratch.transaction():
        loaded(scratch, Selection.parse(where=[f"public.t:{predicate}"]))
    assert "public.t" in relations(scratch)


@pytest.mark.parametrize(
    "predicate",
    [
        "id < 5",
        "id IS NULL -- none",
        "t.id = 1 OR false",
        "note LIKE '50%'",
        "note = ') ; -- ('",
        "id = ANY (ARRAY[1, 2])",
        "EXISTS (SELECT FROM public.t u WHERE u.id = t.id)",
        "NULL",
        "pg_catalog.length(note) > 3",
    ],
)
def test_a_condition_of_one_expression_is_taken(scratch: Connection, predicate: str) -> None:
    made(scratch, "CREATE TABLE public.t (id int, note text)")
    found = relations(scratch, Selection.parse(where=[f"public.t:{predicate}"]))
    assert found["public.t"].where == predicate
