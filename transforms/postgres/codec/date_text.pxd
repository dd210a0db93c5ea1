"""The texts of dates and times, written and read to the letter as PostgreSQL's output functions write them.

DateStyle is ISO and the time zone UTC: `EncodeDateOnly`, `EncodeTimeOnly` and `EncodeDateTime` of
src/backend/utils/adt/datetime.c. The year 0 of `calendar.pxd` is 0001 BC here. Only texts of what Avro cannot hold
are read: years before 1 and after 9999, and the infinities.
"""

from libc.stdint cimport INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int64_t, uint64_t

from transforms.codec.cursor cimport Cursor, at_end, inside
from transforms.codec.span cimport Span, is_word
from transforms.postgres.codec.calendar cimport (
    Date, date_of, day_micros, days_of, is_date, is_endless_date, is_endless_timestamp, is_timestamp_day, last_day_of,
)
from transforms.postgres.codec.plain_text cimport digits_ahead, take_digits, take_literal, write_digits, write_word

cdef enum:
    MOST_TIMESTAMP_TEXT = 32


cdef inline unsigned char* write_pair(unsigned char* at, unsigned char before, uint64_t value) noexcept nogil:
    at[0] = before
    return write_digits(at + 1, value, 2)


cdef inline unsigned char* write_day(unsigned char* at, Date date) noexcept nogil:
    """Write year, month and day, without the era."""
    at = write_digits(at, date.year if date.year > 0 else 1 - date.year, 4)
    at = write_pair(at, c'-', date.month)
    return write_pair(at, c'-', date.day)


cdef inline unsigned char* write_era(unsigned char* at, Date date) noexcept nogil:
    return at if date.year > 0 else write_word(at, b" BC")


cdef inline unsigned char* write_infinity(unsigned char* at, bint negative) noexcept nogil:
    return write_word(at, b"-infinity" if negative else b"infinity")


cdef inline unsigned char* write_time(unsigned char* at, int64_t micros) noexcept nogil:
    """Write a time of day, 0 to 24 hours; a fraction of a second has no zeros at its end."""
    cdef uint64_t seconds = micros // 1000000
    cdef uint64_t fraction = micros % 1000000
    at = write_digits(at, seconds // 3600, 2)
    at = write_pair(at, c':', seconds // 60 % 60)
    at = write_pair(at, c':', seconds % 60)
    if not fraction:
        return at
    at[0] = c'.'
    at = write_digits(at + 1, fraction, 6)
    while (at - 1)[0] == c'0':
        at -= 1
    return at


cdef inline unsigned char* write_date(unsigned char* at, int64_t days) noexcept nogil:
    """Write the text of a date, at most 13 bytes."""
    if is_endless_date(days):
        return write_infinity(at, days < 0)
    cdef Date date = date_of(days)
    return write_era(write_day(at, date), date)


cdef inline unsigned char* write_timestamp(unsigned char* at, int64_t micros, bint zoned) noexcept nogil:
    """Write the text of a timestamp, at most MOST_TIMESTAMP_TEXT bytes; one with a zone is in UTC."""
    if is_endless_timestamp(micros):
        return write_infinity(at, micros < 0)
    cdef int64_t days = micros // day_micros()
    cdef Date date = date_of(days)
    at = write_day(at, date)
    at[0] = c' '
    at = write_time(at + 1, micros - days * day_micros())
    if zoned:
        at = write_word(at, b"+00")
    return write_era(at, date)


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
    """Read up to six digits after a point, the last of which is not 0; 0 if there is no point."""
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
        # 64 bits do not hold the microseconds of every date.
        and is_timestamp_day(days)
    ):
        return False
    micros[0] += days * day_micros()
    return True
