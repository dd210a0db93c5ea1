"""Texts of dates and timestamps that Avro cannot hold, read to the letter: the inverse of `calendar.pxd`.

Numbers are those of the wire: days or microseconds since 2000-01-01, and the least and the greatest number
for -infinity and infinity.
"""

from libc.stdint cimport INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int64_t
from libc.string cimport memcmp, strlen

from transforms.codec.cursor cimport Cursor, ahead, at_end, inside
from transforms.codec.span cimport Span, is_word
from transforms.postgres.codec.calendar cimport Date, day_micros, days_of, is_date, is_timestamp


cdef inline int last_day_of(const Date* date) noexcept nogil:
    if date.month == 2:
        return 29 if date.year % 4 == 0 and (date.year % 100 != 0 or date.year % 400 == 0) else 28
    return 30 + ((date.month + (date.month >> 3)) & 1)


cdef inline bint take_literal(Cursor* cursor, const char* literal) noexcept nogil:
    cdef size_t size = strlen(literal)
    if ahead(cursor) < size or memcmp(cursor.at, literal, size):
        return False
    cursor.at += size
    return True


cdef inline bint take_digits(Cursor* cursor, int count, int64_t* value) noexcept nogil:
    """Read `count` digits exactly, at most 18."""
    value[0] = 0
    if cursor.end - cursor.at < count:
        return False
    for _ in range(count):
        if not c'0' <= cursor.at[0] <= c'9':
            return False
        value[0] = 10 * value[0] + (cursor.at[0] - c'0')
        cursor.at += 1
    return True


cdef inline int digits_ahead(Cursor cursor) noexcept nogil:
    cdef const unsigned char* start = cursor.at
    while cursor.at < cursor.end and c'0' <= cursor.at[0] <= c'9':
        cursor.at += 1
    return <int>min(cursor.at - start, <int64_t>18)


cdef inline bint take_year(Cursor* cursor, int64_t* year) noexcept nogil:
    """Read a year of four digits, or of five to seven where the first is not 0."""
    cdef int count = digits_ahead(cursor[0])
    return 4 <= count <= 7 and (count == 4 or cursor.at[0] != c'0') and take_digits(cursor, count, year)


cdef inline bint take_date(Cursor* cursor, Date* date) noexcept nogil:
    cdef int64_t month, day
    if not (
        take_year(cursor, &date.year)
        and take_literal(cursor, b"-")
        and take_digits(cursor, 2, &month)
        and take_literal(cursor, b"-")
        and take_digits(cursor, 2, &day)
    ):
        return False
    date.month = <int>month
    date.day = <int>day
    return True


cdef inline bint take_fraction(Cursor* cursor, int64_t* micros) noexcept nogil:
    """Read up to six digits after a point, the last of which is not 0; no point is no fraction."""
    cdef int count
    micros[0] = 0
    if not take_literal(cursor, b"."):
        return True
    count = digits_ahead(cursor[0])
    if not 1 <= count <= 6 or not take_digits(cursor, count, micros) or (cursor.at - 1)[0] == c'0':
        return False
    for _ in range(6 - count):
        micros[0] *= 10
    return True


cdef inline bint take_time(Cursor* cursor, int64_t* micros) noexcept nogil:
    """Read a time of day below 24:00:00."""
    cdef int64_t hours, minutes, seconds
    if not (
        take_digits(cursor, 2, &hours)
        and take_literal(cursor, b":")
        and take_digits(cursor, 2, &minutes)
        and take_literal(cursor, b":")
        and take_digits(cursor, 2, &seconds)
        and take_fraction(cursor, micros)
    ):
        return False
    micros[0] += (hours * 3600 + minutes * 60 + seconds) * 1000000
    return hours < 24 and minutes < 60 and seconds < 60


cdef inline bint take_era(Cursor* cursor, Date* date, int64_t* days) noexcept nogil:
    """Read the end of a text, perhaps ` BC`, and count the days to its date, whose year is not 1 to 9999."""
    cdef bint is_before = take_literal(cursor, b" BC")
    if is_before:
        date.year = 1 - date.year
    if not at_end(cursor) or not (date.year <= 0 if is_before else date.year > 9999):
        return False
    if not 1 <= date.month <= 12 or not 1 <= date.day <= last_day_of(date):
        return False
    days[0] = days_of(date[0])
    return True


cdef inline bint is_endless(Span text) noexcept nogil:
    return is_word(text, b"infinity") or is_word(text, b"-infinity")


cdef inline bint read_date(Span text, int64_t* days) noexcept nogil:
    """Days of the text of a date; False if it is not what PostgreSQL writes of one outside of 1 to 9999."""
    cdef Cursor cursor = inside(text)
    cdef Date date
    if is_endless(text):
        days[0] = INT32_MIN if text.data[0] == c'-' else INT32_MAX
        return True
    return take_date(&cursor, &date) and take_era(&cursor, &date, days) and is_date(days[0])


cdef inline bint read_timestamp(Span text, bint has_zone, int64_t* micros) noexcept nogil:
    """Microseconds of the text of a timestamp; False as for a date."""
    cdef Cursor cursor = inside(text)
    cdef Date date
    cdef int64_t days
    if is_endless(text):
        micros[0] = INT64_MIN if text.data[0] == c'-' else INT64_MAX
        return True
    if not (
        take_date(&cursor, &date)
        and take_literal(&cursor, b" ")
        and take_time(&cursor, micros)
        and (not has_zone or take_literal(&cursor, b"+00"))
        and take_era(&cursor, &date, &days)
        # The microseconds of a year of seven digits would pass 64 bits.
        and -9999 <= date.year <= 299999
    ):
        return False
    micros[0] += days * day_micros()
    return is_timestamp(micros[0])
