from pipelines.command.options.aliases import replace_aliases


def test_only_names_are_replaced_and_values_stay() -> None:
    aliases = {"--bigtableTableId": "--table"}
    argv = ["--bigtableTableId=--bigtableTableId=x", "--bigtableTableId", "t", "bigtableTableId"]
    assert replace_aliases(argv, aliases) == [
        "--table=--bigtableTableId=x",
        "--table",
        "t",
        "bigtableTableId",
    ]
    assert replace_aliases([], aliases) == []
