"""How far the wall clock that stamps the log may be from UTC, in the kernel's own words."""

import ctypes
import sys
from dataclasses import dataclass
from functools import cache

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """struct timex of Linux (adjtimex(2)); only read, with modes = 0."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_sec", ctypes.c_long),
        ("time_usec", ctypes.c_long),
        ("reserved", ctypes.c_byte * 256),
    )


@dataclass(frozen=True)
class ClockQuality:
    """What the kernel says about CLOCK_REALTIME. None: it does not say, which a reviewer must read as "not known".

    synchronised: a time service disciplines the clock.
    max_error_s: the kernel's bound on the distance from UTC, [s]; None where the clock is not synchronised.
    """

    synchronised: bool | None
    max_error_s: float | None


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def clock_quality() -> ClockQuality:
    """Return the quality of CLOCK_REALTIME now.

    Source: adjtimex(2), fields `status` and `maxerror` (microseconds).
    """
    if not sys.platform.startswith("linux"):
        return ClockQuality(None, None)
    timex = _Timex()
    state = _libc().adjtimex(ctypes.byref(timex))
    if state < 0:
        return ClockQuality(None, None)
    synchronised = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return ClockQuality(synchronised, timex.maxerror * 1e-6 if synchronised else None)


def clock_error_us() -> int | None:
    """Return the kernel's bound on the distance from UTC, [us]; None where the clock is not synchronised or nobody knows."""
    error_s = clock_quality().max_error_s
    return None if error_s is None else round(error_s * 1e6)
