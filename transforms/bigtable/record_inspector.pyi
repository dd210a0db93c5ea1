from typing_extensions import Buffer

from transforms.batch import Batch

def inspect(records: Buffer) -> Batch: ...
