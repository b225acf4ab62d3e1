"""Reading files that may be hostile: bounded size and number length, no link, no duplicate key, nothing but finite numbers."""

import json
import os
import re
import stat
from math import isfinite
from pathlib import Path
from typing import Any

# A string also matches unclosed, a comment too, up to the end: no text is scanned twice.
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*+"?)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)


class RejectedError(Exception):
    """The certificate, or a file it rests on, does not show what it claims; the message says why."""


def need(condition: object, problem: str) -> None:
    """Reject unless the condition is True: written positively, so that a comparison with NaN rejects."""
    if condition is not True:
        raise RejectedError(problem)


def read_bytes(path: Path, bytes_max: int) -> bytes:
    """The contents of a regular file of at most bytes_max; a link, a pipe or a device is not read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            need(stat.S_ISREG(os.fstat(descriptor).st_mode), f"{path.name}: not a regular file")
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise RejectedError(f"{path.name}: cannot be read: {error.strerror}") from error
    need(len(data) <= bytes_max, f"{path.name}: larger than {bytes_max} bytes")
    return data


def parse(data: bytes, reals: bool = False, comments: bool = False) -> dict[str, Any]:
    """A JSON object. Integers have at most 15 digits. reals: other numbers are admitted too, as binary64; else all text is ASCII.

    comments: as dVRK writes them.
    """

    def real(text: str) -> float:
        need(reals and len(text) <= 60 and isfinite(float(text)), f"{text[:40]}: reals are exact strings here, or it overflows")
        return float(text)

    def whole(text: str) -> int:
        need(len(text) <= 16 and text != "-0", f"{text[:40]}: an integer of more than 15 digits")
        return int(text)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(pairs)) == len(pairs), f"a key is given twice: {[key for key, _ in pairs][:20]}")
        return dict(pairs)

    need(reals or data.isascii(), "not ASCII")
    text = _COMMENT.sub(lambda match: match[1] or b" ", data) if comments else data
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_float=real, parse_int=whole, parse_constant=real)
    except (ValueError, RecursionError) as error:
        raise RejectedError(f"not JSON: {str(error)[:200]}") from error
    need(type(value) is dict, "not an object")
    return dict(value)


def fields(value: Any, names: str) -> list[Any]:
    """The values of exactly these keys of an object, in this order."""
    need(type(value) is dict and set(value) == set(names.split()), f"expected exactly the keys {names}")
    return [value[key] for key in names.split()]


def listed(value: Any, low: int, high: int, what: str) -> list[Any]:
    """A list with low to high entries."""
    need(type(value) is list and low <= len(value) <= high, f"{what}: expected a list of {low} to {high} entries")
    return list(value)


def integer(value: Any, low: int, high: int, what: str) -> int:
    """An integer in [low, high]; true and 1.0 are none."""
    need(type(value) is int and low <= value <= high, f"{what}: expected an integer in [{low}, {high}]")
    return int(value)


def number(record: Any, key: str, low: float, high: float) -> float:
    """A number of an input file in [low, high]."""
    value: Any = record.get(key) if type(record) is dict else None
    need(type(value) in (int, float) and low <= value <= high, f"{key}: expected a number in [{low}, {high}]")
    return float(value)


def name(value: Any, what: str) -> str:
    """A name: letters, digits and _, at most 80."""
    need(type(value) is str and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", value) is not None, f"{what}: expected a name")
    return str(value)
