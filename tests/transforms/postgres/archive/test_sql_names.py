from hypothesis import example, given
from hypothesis import strategies as st

from transforms.postgres.archive.sql_names import first_name, rewritten
from transforms.postgres.names.identifiers import Name, always_quoted, quoted

ORDERS, OPERATOR = Name("public", "orders"), Name("public", "===")
NAMES = {
    ORDERS: Name("new", "orders"),
    Name("public", 'Odd "one"'): Name("New S", 'Odd "one"'),
    OPERATOR: Name("new", "==="),
}
TEXT = st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text)
# What a name does not hide in: SQL's constants and comments.
HIDING = st.sampled_from(["'{}'", "E'\\'{}'", "$${}$$", "$a$ $b$ {} $a$", "-- {}\n", "x.{}", "(c).{}", "'it''s {}'"])


def test_names_are_replaced_wherever_pg_dump_writes_them() -> None:
    statements = {
        "CREATE TABLE public.orders (i int)": 'CREATE TABLE "new"."orders" (i int)',
        'COMMENT ON COLUMN public.orders."A b" IS \'public.orders\'':
            'COMMENT ON COLUMN "new"."orders"."A b" IS \'public.orders\'',
        "SELECT nextval('public.orders'::regclass)": "SELECT nextval('\"new\".\"orders\"'::regclass)",
        'REFERENCES "public".orders(id)': 'REFERENCES "new"."orders"(id)',
        'ON public."Odd ""one""" USING': 'ON "New S"."Odd ""one""" USING',
        "a OPERATOR(public.===) b": 'a OPERATOR("new".===) b',
        "(x)::public.orders[]": '(x)::"new"."orders"[]',
        "AS $$ SELECT public.orders $$": "AS $$ SELECT public.orders $$",
        "public.orders_id_seq": "public.orders_id_seq",
        "SELECT public.id": "SELECT public.id",
        "other.public.orders": "other.public.orders",
        "E'it\\'s public.orders'": "E'it\\'s public.orders'",
        "1.public.orders": "1.public.orders",
    }  # fmt: skip
    assert {statement: rewritten(statement, NAMES) for statement in statements} == statements


def test_schemas_are_replaced_where_the_statement_says_that_they_are_some() -> None:
    text = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO public; -- SCHEMA public"
    expected = text.replace("SCHEMA public G", 'SCHEMA "new" G')
    assert rewritten(text, {}, {"public": "new"}) == expected


@given(TEXT, TEXT, TEXT, st.booleans())
def test_every_name_is_found_however_it_is_written(schema: str, name: str, other: str, plain: bool) -> None:
    write = quoted if plain else always_quoted
    target = Name(other, schema)
    found = rewritten(f"a {write(schema)}.{write(name)},b", {Name(schema, name): target})
    assert found == f"a {always_quoted(other)}.{always_quoted(schema)},b"
    assert first_name(f"DROP FUNCTION {write(schema)}.{write(name)}(a.b)") == Name(schema, name)


@given(HIDING, st.lists(st.sampled_from(["public.orders", "public", ".", " ", "orders(", "===", '"a"']), max_size=5))
@example("$a$ $b$ {} $a$", ["public.orders"])
def test_nothing_is_replaced_in_what_is_no_name(hiding: str, words: list[str]) -> None:
    text = hiding.format("public.orders" + "".join(words).replace('"a"', "a") if hiding in ("x.{}", "(c).{}") else
                         "public.orders" + "".join(words))  # fmt: skip
    hidden = text if hiding not in ("x.{}", "(c).{}") else hiding.format("public.orders")
    assert rewritten(hidden, NAMES) == hidden


@given(st.text(st.sampled_from("abE'\"$.; -\\\n1(:")))
def test_text_that_names_nothing_stays_as_it_is(text: str) -> None:
    assert rewritten(text, NAMES, {"x": "y"}) == text
