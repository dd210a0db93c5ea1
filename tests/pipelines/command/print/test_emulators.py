from pipelines.command.print.emulators import emulator_notes


def test_each_emulator_is_named_with_its_variable() -> None:
    options = {"storage_emulator_host": "http://s", "bigtable_emulator_host": "b:1", "table": "emulator_host"}
    assert list(emulator_notes(options)) == [
        "made with BIGTABLE_EMULATOR_HOST=b:1: an emulator and not Google's service.",
        "made with STORAGE_EMULATOR_HOST=http://s: an emulator and not Google's service.",
    ]
    assert list(emulator_notes({})) == []
