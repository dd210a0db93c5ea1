from collections.abc import Iterable

from typing_extensions import Buffer

from transforms.batch import Batch

def inspect(records: Buffer, families: Iterable[bytes] | None = None) -> Batch: ...
