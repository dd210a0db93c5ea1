"""PostgreSQL's dates and times as numbers: days or microseconds since its own epoch, 2000-01-01.

Dates are of the proleptic Gregorian calendar with a year 0. The limits are those of PostgreSQL's table of date/time
types, 4713 BC (its first day is 4714-11-24 BC) to 5874897 AD and 294276 AD; the smallest and the largest number of
each width are the infinities: https://www.postgresql.org/docs/18/datatype-datetime.html, and `date2j` and `j2date`
of src/backend/utils/adt/datetime.c.
"""

from libc.stdint cimport INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int64_t

cdef enum:
    EPOCH_DAYS = 10957  # from 1970-01-01 to 2000-01-01
    DAYS_IN_400_YEARS = 146097
    DAYS_IN_100_YEARS = 36524  # without the leap day that only the fourth century has
    DAYS_IN_4_YEARS = 1461

cdef struct Date:
    int64_t year
    int month
    int day


cdef inline int64_t epoch_micros() noexcept nogil:
    """From 1970-01-01 to 2000-01-01."""
    return <int64_t>946684800 * 1000000


cdef inline int64_t day_micros() noexcept nogil:
    return <int64_t>86400 * 1000000


cdef inline bint is_logical_date(int64_t days) noexcept nogil:
    """Whether the year is 1 to 9999, which every reader of Avro takes."""
    return -730119 <= days <= 2921939


cdef inline bint is_logical_timestamp(int64_t micros) noexcept nogil:
    return -730119 * day_micros() <= micros < 2921940 * day_micros()


cdef inline bint is_endless_date(int64_t days) noexcept nogil:
    return days == INT32_MAX or days == INT32_MIN


cdef inline bint is_endless_timestamp(int64_t micros) noexcept nogil:
    return micros == INT64_MAX or micros == INT64_MIN


cdef inline bint is_date(int64_t days) noexcept nogil:
    """Whether PostgreSQL has such a date: 4714-11-24 BC to 5874897-12-31, or infinite."""
    return -2451545 <= days < 2145031949 or is_endless_date(days)


cdef inline bint is_timestamp_day(int64_t days) noexcept nogil:
    """Whether PostgreSQL's timestamps have such a day: 4714-11-24 BC to 294276-12-31."""
    return -2451545 <= days < 106751983


cdef inline bint is_timestamp(int64_t micros) noexcept nogil:
    """Whether PostgreSQL has such a timestamp: one of these days, or infinite."""
    return -2451545 * day_micros() <= micros < 106751983 * day_micros() or is_endless_timestamp(micros)


cdef inline Date date_of(int64_t days) noexcept nogil:
    """The date that is `days` days after 2000-01-01."""
    cdef Date date
    # Years that begin in March end with the leap day, and cycles of 400 of them begin on 2000-03-01.
    cdef int64_t day = days - 60
    cdef int64_t cycle = day // DAYS_IN_400_YEARS
    day -= cycle * DAYS_IN_400_YEARS
    cdef int64_t century = min(day // DAYS_IN_100_YEARS, 3)
    day -= century * DAYS_IN_100_YEARS
    cdef int64_t leap = day // DAYS_IN_4_YEARS
    day -= leap * DAYS_IN_4_YEARS
    cdef int64_t year = min(day // 365, 3)
    day -= year * 365
    # From March on, five months have 153 days: 31, 30, 31, 30, 31.
    cdef int64_t month = (5 * day + 2) // 153
    date.day = <int>(day - (153 * month + 2) // 5 + 1)
    date.month = <int>(month + 3 if month < 10 else month - 9)
    date.year = 2000 + 400 * cycle + 100 * century + 4 * leap + year + (date.month < 3)
    return date


cdef inline int64_t days_of(Date date) noexcept nogil:
    """Days from 2000-01-01 to `date`: the inverse of `date_of` for days that exist."""
    cdef int64_t year = date.year - 2000 - (date.month < 3)
    cdef int64_t cycle = year // 400
    cdef int64_t month = date.month - 3 if date.month > 2 else date.month + 9
    year -= 400 * cycle
    return (
        60 + cycle * DAYS_IN_400_YEARS + year * 365 + year // 4 - year // 100 + (153 * month + 2) // 5 + date.day - 1
    )


cdef inline int last_day_of(const Date* date) noexcept nogil:
    if date.month == 2:
        return 29 if date.year % 4 == 0 and (date.year % 100 != 0 or date.year % 400 == 0) else 28
    return 30 + ((date.month + (date.month >> 3)) & 1)
