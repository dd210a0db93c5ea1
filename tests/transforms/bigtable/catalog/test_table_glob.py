from transforms.bigtable.catalog.table_glob import is_glob, matching

IDS = ["Orders", "events-1", "events-22", "orders", "a.b"]


def test_globs_are_those_of_a_shell_and_case_matters() -> None:
    assert matching("events-*", IDS) == ["events-1", "events-22"]
    assert matching("events-?", IDS) == ["events-1"]
    assert matching("[oO]rders", IDS) == ["Orders", "orders"]
    assert matching("a.b", IDS) == ["a.b"]
    assert matching("none", IDS) == []


def test_an_id_is_no_glob() -> None:
    assert [is_glob(each) for each in ("a.b-c_D", "a*", "a?", "a[b]")] == [False, True, True, True]
