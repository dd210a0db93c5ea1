import pytest

from transforms.bigtable.server import emulator


def test_an_emulator_is_named_in_errors_and_the_service_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(emulator.VARIABLE, raising=False)
    assert (emulator.host(), emulator.hint()) == ("", "")
    monkeypatch.setenv(emulator.VARIABLE, "localhost:8086")
    assert emulator.host() == "localhost:8086"
    assert emulator.hint() == " BIGTABLE_EMULATOR_HOST=localhost:8086 is set: an emulator was asked, not the service."
