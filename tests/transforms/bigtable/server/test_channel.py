"""One channel serves all streams; an old one is replaced between streams and lives as long as one runs on it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from tests.servers.scripted_bigtable import ScriptedBigtable, scripted_bigtable
from transforms.bigtable.server.channel import MOST_AGE, ChannelKeeper, keeper, open_channel
from transforms.errors import UnreachableError

READ_ROWS = "/google.bigtable.v2.Bigtable/ReadRows"
SAMPLE_ROW_KEYS = "/google.bigtable.v2.Bigtable/SampleRowKeys"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBigtable]:
    with scripted_bigtable() as scripted:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", scripted.host)
        yield scripted


def ask(channel: grpc.Channel) -> list[bytes]:
    return list(channel.unary_stream(READ_ROWS, None, None)(b"", timeout=120))


def is_closed(channel: grpc.Channel) -> bool:
    try:
        channel.unary_stream(SAMPLE_ROW_KEYS, None, None)(b"", timeout=120).cancel()
    except ValueError:  # grpc: "Cannot invoke RPC on closed channel!"
        return True
    return False


def test_streams_share_a_young_channel(server: ScriptedBigtable) -> None:
    channels = ChannelKeeper()
    with channels.stream() as first, channels.stream() as second:
        assert first is second
    with channels.stream() as third:
        assert third is first
        server.play("ReadRows", [b"x"])
        assert ask(third) == [b"x"]


def test_an_old_channel_is_replaced_for_the_next_stream_and_closed(server: ScriptedBigtable) -> None:
    channels = ChannelKeeper(most_age=0.0)
    with channels.stream() as first:
        pass
    with channels.stream() as second:
        assert second is not first
        assert is_closed(first)
        assert not is_closed(second)


def test_an_old_channel_is_open_until_its_last_stream_has_ended(server: ScriptedBigtable) -> None:
    channels = ChannelKeeper()
    with channels.stream() as first:
        with channels.stream():
            channels.most_age = 0.0
            with channels.stream() as other:
                assert other is not first
        assert not is_closed(first)
        server.play("ReadRows", [b"x"])
        assert ask(first) == [b"x"]
    assert is_closed(first)


def test_a_stream_that_fails_gives_its_channel_back(server: ScriptedBigtable) -> None:
    channels = ChannelKeeper(most_age=0.0)
    with pytest.raises(KeyError), channels.stream() as first:
        raise KeyError
    with channels.stream():
        assert is_closed(first)


def test_many_threads_get_one_young_channel(server: ScriptedBigtable) -> None:
    channels = ChannelKeeper()

    def take(_: int) -> int:
        with channels.stream() as channel:
            return id(channel)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(take, range(200)))) == 1


def test_channels_are_renewed_before_the_service_drops_them() -> None:
    assert MOST_AGE < 3600


def test_a_process_has_one_keeper_for_each_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "127.0.0.1:1")
    first = keeper()
    assert keeper() is first
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "127.0.0.1:2")
    assert keeper() is not first


def test_a_proxy_of_the_users_is_not_asked_for_the_emulator(
    server: ScriptedBigtable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server.play("ReadRows", [b"x"])
    with open_channel() as channel:
        assert ask(channel) == [b"x"]


def test_without_an_emulator_the_channel_has_the_users_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIGTABLE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "missing.json")
    with pytest.raises(UnreachableError, match=r"missing\.json.*`gcloud auth application-default login`"):
        open_channel()
