"""What every store must do; a test class for a store inherits it and provides the fixture `store`."""

import random
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import google_crc32c
import pytest

from transforms.errors import ExistsError, NotFoundError
from transforms.vault.store.interface import ObjectStat, Store

ODD_NAMES = ("a+b%2F/c d.avro", "%2Ehidden/x", "größe/é", "deep/er/and/deeper/still")
RACERS = 8
BYTES = b"0123456789"
UNIT = 256 << 10
"""The pieces in which a store may pass streams on: sizes around its multiples are where it may go wrong."""
PIECE = 100_003


def stream(store: Store, name: str, *pieces: bytes, then: Callable[[], None] = lambda: None) -> None:
    """A stream at whose end something happens."""
    with store.create(name) as writer:
        for piece in pieces:
            writer.write(piece)
        then()


def stream_while(store: Store, name: str, happens: Callable[[], None]) -> None:
    """A stream in whose middle something happens."""
    with store.create(name) as writer:
        writer.write(b"begun")
        happens()


def create_together(store: Store, data: bytes, *names: str, then: Callable[[], None] = lambda: None) -> None:
    """A group of equal objects, at the end of each of which something happens."""
    with store.group() as group:
        for name in names:
            with group.create(name) as writer:
                for piece in pieces(data):
                    writer.write(piece)
                then()


def raising(error: BaseException) -> Callable[[], None]:
    def happens() -> None:
        raise error

    return happens


def content(size: int) -> bytes:
    """Bytes that differ from place to place, and from size to size."""
    return random.Random(size).randbytes(size)


def pieces(data: bytes, size: int = PIECE) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


class NameConformance:
    """Of it, what depends on how a store calls its objects."""

    def test_a_put_object_is_read_back(self, store: Store) -> None:
        store.put("a/b", BYTES)
        assert store.read("a/b") == BYTES

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_a_name_is_taken_as_it_is(self, store: Store, name: str) -> None:
        store.put(name, BYTES)
        assert list(store.list("")) == [name]
        assert store.stat(name).name == name

    def test_a_stream_becomes_an_object(self, store: Store) -> None:
        stream(store, "a/b", b"01", b"", b"23456", b"789")
        assert store.read("a/b") == BYTES

    @pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b", "a/b/", "a/b/x", "b", "no/such/", "no"])
    def test_a_list_has_the_names_with_the_prefix_sorted(self, store: Store, prefix: str) -> None:
        names = ["b", "a/c", "a/b/y", "a/b/x", "ab/x", "a.x", "a-x"]
        for name in names:
            store.put(name, b"")
        assert list(store.list(prefix)) == sorted(name for name in names if name.startswith(prefix))

    def test_sizes_are_those_of_the_objects_with_the_prefix(self, store: Store) -> None:
        for name, size in (("b", 1), ("a/c", 2), ("a/b/y", 0), ("a.x", 70_000)):
            store.put(name, content(size))
        assert list(store.sizes("a")) == [("a.x", 70_000), ("a/b/y", 0), ("a/c", 2)]
        assert list(store.sizes("no/such/")) == []

    def test_folders_are_the_next_parts_of_deeper_names(self, store: Store) -> None:
        for name in ("b/x", "a/2/x", "a/1/y", "a/1/z", "a/file", "file"):
            store.put(name, b"")
        assert list(store.folders("")) == ["a", "b"]
        assert list(store.folders("a/")) == ["1", "2"]
        assert list(store.folders("a/1/")) == []
        assert list(store.folders("none/")) == []


class StoreConformance(NameConformance):
    def test_the_objects_of_a_group_are_there_when_its_block_ends(self, store: Store) -> None:
        contents = {f"{'ab'[number % 2]}/{number}": content(number * UNIT) for number in range(7)}
        contents |= {f"small/{number}": b"%d" % number for number in range(40)}
        with store.group() as group:
            for name, data in contents.items():
                with group.create(name) as writer:
                    for piece in pieces(data):
                        writer.write(piece)
        assert {name: store.read(name) for name in store.list("")} == contents

    def test_a_group_may_be_empty(self, store: Store) -> None:
        with store.group():
            pass
        assert list(store.list("")) == []

    @pytest.mark.parametrize("size", [0, 9, 5 * UNIT])
    def test_an_object_of_a_group_that_fails_does_not_appear(self, store: Store, size: int) -> None:
        with pytest.raises(ZeroDivisionError):
            create_together(store, content(size), "a/b", then=raising(ZeroDivisionError()))
        assert list(store.list("")) == []

    @pytest.mark.parametrize("size", [0, 9, 5 * UNIT])
    def test_a_name_that_is_taken_is_the_error_of_its_group(self, store: Store, size: int) -> None:
        store.put("a/b", BYTES)
        with pytest.raises(ExistsError, match="a/b exists already in the vault"):
            create_together(store, content(size), "a/a", "a/b")
        assert store.read("a/b") == BYTES

    def test_an_object_may_be_empty(self, store: Store) -> None:
        store.put("put", b"")
        stream(store, "created")
        assert [store.read("put"), store.read("created")] == [b"", b""]
        assert store.stat("put") == ObjectStat("put", 0, 0)

    def test_a_put_never_overwrites(self, store: Store) -> None:
        store.put("a", BYTES)
        with pytest.raises(ExistsError, match="a exists already"):
            store.put("a", b"other")
        assert store.read("a") == BYTES

    def test_a_put_of_equal_bytes_is_refused_too(self, store: Store) -> None:
        store.put("a", BYTES)
        with pytest.raises(ExistsError):
            store.put("a", BYTES)

    @pytest.mark.parametrize("size", [0, 1, UNIT - 1, UNIT, UNIT + 1, 2 * UNIT, 3 * UNIT + 5])
    @pytest.mark.parametrize("piece", [PIECE, 2 * UNIT + 1], ids=["small pieces", "large pieces"])
    def test_a_stream_of_any_size_is_whole(self, store: Store, size: int, piece: int) -> None:
        stream(store, "a", *pieces(content(size), piece))
        assert store.read("a") == content(size)
        assert store.stat("a") == ObjectStat("a", size, google_crc32c.value(content(size)))

    @pytest.mark.parametrize("size", [UNIT, UNIT + 1, 3 * UNIT])
    def test_a_put_of_any_size_is_whole(self, store: Store, size: int) -> None:
        store.put("a", content(size))
        assert store.read("a") == content(size)
        with pytest.raises(ExistsError):
            store.put("a", content(size))

    def test_a_stream_never_overwrites(self, store: Store) -> None:
        store.put("a", BYTES)
        with pytest.raises(ExistsError):
            stream(store, "a", b"other")
        assert store.read("a") == BYTES

    def test_a_stream_whose_name_is_taken_meanwhile_is_refused(self, store: Store) -> None:
        with pytest.raises(ExistsError):
            stream_while(store, "a", lambda: store.put("a", BYTES))
        assert list(store.list("")) == ["a"]
        assert store.read("a") == BYTES

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit], ids=lambda kind: kind.__name__)
    def test_an_exception_ends_a_stream_without_an_object(self, store: Store, error: type[BaseException]) -> None:
        with pytest.raises(error):
            stream_while(store, "a/b", raising(error("midway")))
        assert list(store.list("")) == []
        with pytest.raises(NotFoundError):
            store.stat("a/b")

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt], ids=lambda kind: kind.__name__)
    def test_an_exception_late_in_a_stream_leaves_no_object(self, store: Store, error: type[BaseException]) -> None:
        with pytest.raises(error):
            stream(store, "a", *pieces(content(3 * UNIT)), then=raising(error("late")))
        assert list(store.list("")) == []

    def test_a_generator_that_is_closed_leaves_no_object(self, store: Store) -> None:
        def writing() -> Generator[None]:
            with store.create("a") as writer:
                writer.write(content(2 * UNIT))
                yield

        generator = writing()
        next(generator)
        generator.close()
        assert list(store.list("")) == []

    def test_the_name_of_an_ended_stream_is_free(self, store: Store) -> None:
        with pytest.raises(ValueError, match="midway"):
            stream_while(store, "a", raising(ValueError("midway")))
        stream(store, "a", BYTES)
        assert store.read("a") == BYTES

    def test_an_object_appears_when_its_stream_ends(self, store: Store) -> None:
        with store.create("a") as writer:
            writer.write(BYTES)
            assert list(store.list("")) == []
            with pytest.raises(NotFoundError):
                store.read("a")
        assert list(store.list("")) == ["a"]

    def test_of_puts_at_once_one_wins(self, store: Store) -> None:
        assert_one_wins(store, lambda data: store.put("a/b", data))

    def test_of_streams_at_once_one_wins(self, store: Store) -> None:
        assert_one_wins(store, lambda data: stream(store, "a/b", data[:1], data[1:]))

    @pytest.mark.parametrize("start", range(13))
    def test_a_ranged_read_is_a_slice(self, store: Store, start: int) -> None:
        store.put("a", BYTES)
        lengths = [None, *range(13)]
        assert [store.read("a", start, length) for length in lengths] == [BYTES[start:][:length] for length in lengths]

    def test_a_stat_tells_size_and_checksum(self, store: Store) -> None:
        store.put("a", b"123456789")
        # RFC 3720, B.4, and the check value of CRC-32C in every catalogue of CRCs.
        assert store.stat("a") == ObjectStat("a", 9, 0xE3069283)

    def test_a_stat_of_a_large_object_is_right(self, store: Store) -> None:
        data = bytes(range(256)) * 4096 * 9
        stream(store, "a", data[:5_000_000], data[5_000_000:])
        assert store.stat("a") == ObjectStat("a", len(data), google_crc32c.value(data))

    def test_a_deleted_object_is_gone_and_its_name_is_free(self, store: Store) -> None:
        store.put("a/b", b"old")
        store.put("a/c", BYTES)
        store.delete("a/b")
        assert list(store.list("")) == ["a/c"]
        store.put("a/b", b"new")
        assert store.read("a/b") == b"new"

    def test_deleting_what_is_not_there_is_no_error(self, store: Store) -> None:
        store.delete("a/b")
        assert list(store.list("")) == []

    def test_reading_what_is_not_there_names_it(self, store: Store) -> None:
        for look in (store.read, store.stat, lambda name: store.read(name, 3, 0), lambda name: store.read(name, 1, 2)):
            with pytest.raises(NotFoundError, match="a/none"):
                look("a/none")


def assert_one_wins(store: Store, create: Callable[[bytes], None]) -> None:
    """Of creators that start at once with different bytes one succeeds, and its bytes are there."""
    start = threading.Barrier(RACERS)

    def race(number: int) -> bool:
        start.wait()
        try:
            create(b"%d" % number * 100)
        except ExistsError:
            return False
        return True

    with ThreadPoolExecutor(RACERS) as pool:
        won = list(pool.map(race, range(RACERS)))
    assert sum(won) == 1
    assert store.read("a/b") == b"%d" % won.index(True) * 100
