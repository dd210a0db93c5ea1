"""A watchdog cancels a call that nothing arrives on, and no other."""

import threading
import time
from collections.abc import Iterator

import grpc
import pytest

from tests.servers.scripted_bigtable import Pause, ScriptedBigtable, Silence, script, scripted_bigtable
from transforms.bigtable.server.watchdog import Watchdog

READ_ROWS = "/google.bigtable.v2.Bigtable/ReadRows"


@pytest.fixture
def server() -> Iterator[ScriptedBigtable]:
    with scripted_bigtable() as scripted:
        yield scripted


@pytest.fixture
def channel(server: ScriptedBigtable) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.host) as opened:
        yield opened


def start(channel: grpc.Channel) -> tuple[grpc.Call, Iterator[bytes]]:
    call = channel.unary_stream(READ_ROWS, None, None)(b"", timeout=30)
    return call, iter(call)


def test_a_silent_call_is_cancelled(server: ScriptedBigtable, channel: grpc.Channel) -> None:
    server.play("ReadRows", [b"x", Silence()])
    call, messages = start(channel)
    assert next(messages) == b"x"
    began = time.monotonic()
    with Watchdog(call, 0.2), pytest.raises(grpc.RpcError) as caught:
        next(messages)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    assert 0.2 <= time.monotonic() - began < 20
    assert server.calls[0].ended.wait(60)


def test_a_call_with_a_beat_in_time_goes_on(server: ScriptedBigtable, channel: grpc.Channel) -> None:
    server.play("ReadRows", [step for number in range(8) for step in script(Pause(0.1), b"%d" % number)])
    call, messages = start(channel)
    with Watchdog(call, 0.4) as watchdog:
        for expected in range(8):
            assert next(messages) == b"%d" % expected
            watchdog.beat()
        assert list(messages) == []


def test_a_pause_lasts_until_the_next_beat(server: ScriptedBigtable, channel: grpc.Channel) -> None:
    server.play("ReadRows", [b"x", b"y", Silence()])
    call, messages = start(channel)
    with Watchdog(call, 0.1) as watchdog:
        assert next(messages) == b"x"
        watchdog.pause()
        threading.Event().wait(0.4)
        assert next(messages) == b"y"
        watchdog.beat()
        with pytest.raises(grpc.RpcError):
            next(messages)


def test_no_thread_is_left_when_the_block_ends(server: ScriptedBigtable, channel: grpc.Channel) -> None:
    server.play("ReadRows", [b"x"])
    call, messages = start(channel)
    with Watchdog(call, 100.0):
        assert list(messages) == [b"x"]
        assert "bigtable-watchdog" in [thread.name for thread in threading.enumerate()]
    assert "bigtable-watchdog" not in [thread.name for thread in threading.enumerate()]
