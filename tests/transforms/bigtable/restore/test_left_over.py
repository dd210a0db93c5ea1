from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.restore.left_over import MOST, commands, listed
from transforms.bigtable.server.instance import Instance


def test_the_commands_set_each_rule_and_take_the_mark_away() -> None:
    schema = TableSchema(families={"a": FamilySchema(gc={"max_num_versions": 2}), "b": FamilySchema()})
    mark = RestoreMark.of("20261130T020000Z-7f3a9c", "t")
    assert list(commands(Instance("p", "i"), "t", schema, mark)) == [
        'cbt -project p -instance i setgcpolicy t a "maxversions=2"',
        f"cbt -project p -instance i deletefamily t {mark.family}",
    ]


def test_many_names_are_counted() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(["t"] * (MOST + 1_000)).endswith("t and 1,000 more")
