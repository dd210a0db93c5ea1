"""The sum of 128-bit hashes by which a table's records are compared, in whatever order they come.

The hash is MurmurHash3, x64 variant, 128 bits, with seed 0, as its author describes it in the public
domain (https://github.com/aappleby/smhasher/wiki/MurmurHash3). It guards against mistakes, not against malice:
objects and chunks have SHA-256 for that.
"""

from libc.stdint cimport uint64_t

from transforms.errors import IntegrityError

# The two multipliers of the block mix, from the algorithm's definition.
cdef uint64_t C1 = 0x87C37B91114253D5
cdef uint64_t C2 = 0x4CF5AD432745937F

cdef struct Wide:
    uint64_t low
    uint64_t high


def sum_of_hashes(records, record_ends) -> int:
    """The sum modulo 2**128 of the hash of every record; 0 if there is none.

    A hash counts as the number that its 16 digest bytes are in little-endian order.

    Args:
        records: The records back to back, bytes-like.
        record_ends: `array("Q")` of the offsets where they end.

    Raises:
        IntegrityError: if the ends do not increase strictly up to exactly the end of `records`.
    """
    cdef const unsigned char[::1] view = records
    cdef const unsigned long long[::1] ends = record_ends
    cdef size_t size = view.shape[0]
    cdef size_t count = ends.shape[0]
    cdef Wide total = Wide(0, 0)
    cdef size_t good = 0
    if count and size:
        with nogil:
            good = add_hashes(&view[0], size, &ends[0], count, &total)
    if good != count or (ends[count - 1] if count else 0) != size:
        raise IntegrityError(_unfit(good, count, size))
    return total.low | <object>total.high << 64


def _unfit(good: int, count: int, size: int) -> str:
    where = f"the end of record {good + 1} is not after the one before it and within" if good < count else "they miss"
    return f"{count} record ends do not fit {size} bytes of records: {where} the bytes. Verify the backup."


cdef size_t add_hashes(
    const unsigned char* records, size_t size, const unsigned long long* ends, size_t count, Wide* total,
) noexcept nogil:
    """Add the hash of every record to `total`; how many of `ends` are in order and within `size`."""
    cdef size_t start = 0
    cdef size_t i
    cdef Wide found
    for i in range(count):
        if ends[i] <= start or ends[i] > size:
            return i
        found = hash_of(records + start, ends[i] - start)
        total.low += found.low
        total.high += found.high + (total.low < found.low)
        start = ends[i]
    return count


cdef inline uint64_t rotate(uint64_t value, int bits) noexcept nogil:
    return value << bits | value >> (64 - bits)


cdef inline uint64_t load(const unsigned char* at, size_t size) noexcept nogil:
    """Up to 8 bytes as a little-endian number, whatever the machine's byte order."""
    cdef uint64_t value = 0
    cdef size_t i
    for i in range(size):
        value |= <uint64_t>at[i] << (8 * i)
    return value


cdef inline uint64_t load_word(const unsigned char* at) noexcept nogil:
    # Written out, because compilers make one load of this form.
    return (
        <uint64_t>at[0] | <uint64_t>at[1] << 8 | <uint64_t>at[2] << 16 | <uint64_t>at[3] << 24
        | <uint64_t>at[4] << 32 | <uint64_t>at[5] << 40 | <uint64_t>at[6] << 48 | <uint64_t>at[7] << 56
    )


cdef inline uint64_t scramble_low(uint64_t word) noexcept nogil:
    return rotate(word * C1, 31) * C2


cdef inline uint64_t scramble_high(uint64_t word) noexcept nogil:
    return rotate(word * C2, 33) * C1


cdef inline uint64_t finish(uint64_t half) noexcept nogil:
    half = (half ^ (half >> 33)) * <uint64_t>0xFF51AFD7ED558CCD
    half = (half ^ (half >> 33)) * <uint64_t>0xC4CEB9FE1A85EC53
    return half ^ (half >> 33)


cdef inline Wide hash_blocks(const unsigned char* data, size_t blocks) noexcept nogil:
    cdef uint64_t low = 0
    cdef uint64_t high = 0
    cdef size_t i
    for i in range(blocks):
        low ^= scramble_low(load_word(data + 16 * i))
        low = (rotate(low, 27) + high) * 5 + 0x52DCE729
        high ^= scramble_high(load_word(data + 16 * i + 8))
        high = (rotate(high, 31) + low) * 5 + 0x38495AB5
    return Wide(low, high)


cdef inline Wide hash_of(const unsigned char* data, size_t size) noexcept nogil:
    cdef Wide state = hash_blocks(data, size // 16)
    cdef const unsigned char* tail = data + size // 16 * 16
    cdef size_t rest = size % 16
    if rest > 8:
        state.high ^= scramble_high(load(tail + 8, rest - 8))
    if rest:
        state.low ^= scramble_low(load(tail, min(rest, <size_t>8)))
    state.low ^= size
    state.high ^= size
    state.low += state.high
    state.high += state.low
    state.low = finish(state.low)
    state.high = finish(state.high)
    state.low += state.high
    state.high += state.low
    return state
