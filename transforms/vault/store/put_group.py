"""A group of objects in a store that creates a small one in one request: the requests run side by side."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from transforms.vault.store.interface import ObjectGroup, ObjectWriter, Store

HELD = 1 << 20
"""Most bytes of an object that is held in memory until it is put; a larger one is streamed."""

PUTS = 16
"""Most objects that are being put at once, which limits the memory: each waits for an answer."""


@contextmanager
def put_group(store: Store) -> Iterator[ObjectGroup]:
    """Create objects; see `Store.group`. Of `store`, only `put` and `create` are used."""
    with ThreadPoolExecutor(PUTS, "put") as pool:
        group = _PutGroup(store, pool)
        yield group
        group.wait(0)


@dataclass(frozen=True, slots=True)
class _PutGroup:
    store: Store
    pool: ThreadPoolExecutor
    pending: "deque[Future[None]]" = field(default_factory=deque)

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        with ExitStack() as stream:
            writer = _HeldWriter(self.store, name, stream)
            yield writer
        if writer.stream_writer is None:
            self.wait(PUTS - 1)
            self.pending.append(self.pool.submit(self.store.put, name, bytes(writer.held)))

    def wait(self, left: int) -> None:
        """Wait until no more than `left` objects are being put; raises the error of the first that failed."""
        while len(self.pending) > left:
            self.pending.popleft().result()


@dataclass(slots=True)
class _HeldWriter:
    store: Store
    name: str
    stream: ExitStack
    held: bytearray = field(default_factory=bytearray)
    stream_writer: ObjectWriter | None = None

    def write(self, data: bytes) -> None:
        if self.stream_writer is None:
            self.held += data
            if len(self.held) <= HELD:
                return
            self.stream_writer = self.stream.enter_context(self.store.create(self.name))
            data, self.held = bytes(self.held), bytearray()
        self.stream_writer.write(data)
