from array import array

from typing_extensions import Buffer

def sum_of_hashes(records: Buffer, record_ends: array[int]) -> int: ...
