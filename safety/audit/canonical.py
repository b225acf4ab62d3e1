"""RFC 8785 canonical JSON: one value, one byte string, on every machine.

What JSON cannot say is decided here, once:

* numpy arrays and scalars become lists and numbers;
* an integer outside +-(2^53 - 1) becomes its decimal string (nanosecond clocks, hashes of counters): a double would round it;
* NaN, infinities, bytes, and objects of any other type are refused with the path of the field at fault;
* -0.0 is written 0, as the RFC demands: a reader cannot tell the two apart, so a computation that is to be replayed bit for bit
  must not depend on the sign of zero.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

import msgspec
import numpy as np
import rfc8785

from toolkit import InvalidInput

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LARGEST_INTEGER = 2**53 - 1
_SCALAR_TYPES = "?bhilqBHILQefd"  # bool, integers, floats up to double; no complex, no long double
_ENCODER = msgspec.json.Encoder(order="sorted")
_STRING = re.compile(rb'("(?:[^"\\]|\\.)*")')
_EXPONENT = re.compile(rb"e(-6(?![0-9])|[0-9]+)")  # ECMAScript writes 0.000001, and 1e+21; from e-7 down the two agree
_MANTISSA = frozenset(b"0123456789.-")
_SHAPES = bytes.maketrans(b"123456789[:-", b"000000000,,,")
_WIDE = b"," + b"0" * 16  # sixteen digits before any point: perhaps an integer outside +-(2^53 - 1)


class _Unwritable(Exception):
    """A value that has no canonical form; `path` grows from the inside out while the exception unwinds."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.path = ""


def canonical_bytes(value: object) -> bytes:
    """Return the RFC 8785 encoding of `value`.

    Args:
        value: None, bool, int, float, str, list, tuple, mapping with string keys, numpy array or scalar, nested freely.
    Raises:
        InvalidInput: NaN, infinity, text that is not Unicode, a key that is not a string, another type; the message has the path.
    Source: RFC 8785, sections 3.2.2 and 3.2.3.
    """
    return encode_plain(plain(value))


def plain(value: object, name: str = "") -> Json:
    """Return `value` in JSON's own types only, every number finite, every wide integer a string.

    It is cheap on purpose (no text is made), so that it may run in the servo cycle.

    Args:
        name: what the value is called in the error message.
    Raises:
        InvalidInput: as `canonical_bytes`.
    """
    try:
        out: Json = _plain(value)
    except _Unwritable as error:
        raise InvalidInput(f"{name}{error.path or ' (the whole value)'}: {error.problem}") from None
    except RecursionError:
        raise InvalidInput(f"{name}: nested too deeply for a record, or contains itself") from None
    return out


def encode_plain(value: Json) -> bytes:
    """Return the RFC 8785 encoding of a value that came out of `plain` or of a JSON parser.

    Raises:
        InvalidInput: it has no canonical form (an integer outside +-(2^53 - 1), a lone surrogate).
    """
    try:
        fast = _encode_fast(value)
        return rfc8785.dumps(value) if fast is None else fast
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidInput(f"no canonical form: {error}") from error


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        if isfinite(value):
            return value
        raise _Unwritable(f"not finite: {value}")
    if kind is int:
        return _integer(value)
    if kind is str:
        return _text(value)
    if value is None or kind is bool:
        return value
    if kind is np.ndarray:
        return _array(value)
    if kind is dict or isinstance(value, Mapping):  # dict first: an abstract class's check is ten times slower
        return _mapping(value)
    if isinstance(value, (list, tuple)):
        return _sequence(value)
    return _scalar(value)


def _mapping(value: Mapping[object, object]) -> Json:
    out: dict[str, Json] = {}
    for key, item in value.items():
        if type(key) is not str:
            raise _Unwritable(f"a key is not a string: {key!r}")
        try:
            out[_text(key)] = _plain(item)
        except _Unwritable as error:
            error.path = f".{key}{error.path}"
            raise
    return out


def _sequence(value: list[object] | tuple[object, ...]) -> Json:
    out: list[Json] = []
    for index, item in enumerate(value):
        try:
            out.append(_plain(item))
        except _Unwritable as error:
            error.path = f"[{index}]{error.path}"
            raise
    return out


def _array(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype.kind not in "fiub":
        raise _Unwritable(f"an array of {value.dtype} has no JSON form")
    # The lists' own sum, min and max take a fraction of the time of a numpy reduction over a servo cycle's few numbers.
    items: Json = value.tolist()
    flat: Any = items if value.ndim == 1 else value.ravel().tolist()
    if not flat or not value.ndim:
        return _plain(items)
    kind = type(flat[0])
    if kind is float and isfinite(sum(flat)):
        return items
    if kind is int and min(flat) >= -LARGEST_INTEGER and max(flat) <= LARGEST_INTEGER:
        return items
    # Entry by entry: a sum of large finite numbers may overflow, and a bad entry must be named by its index.
    return _plain(items)


def _scalar(value: object) -> Any:
    if isinstance(value, np.generic) and value.dtype.char in _SCALAR_TYPES:
        return _plain(value.item())
    raise _Unwritable(f"{type(value).__name__} has no JSON form: {value!r:.80}")


def _integer(value: int) -> int | str:
    return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else str(value)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _Unwritable(f"text that is not Unicode: {value!r:.80}") from None
    return value


def _encode_fast(value: Json) -> bytes | None:
    """The same bytes as rfc8785 at a tenth of the time, or None where msgspec could differ.

    For ASCII text msgspec agrees with RFC 8785 in everything but the layout of some numbers. Those stand outside the strings,
    which are cut out by their quotation marks.
    """
    if type(value) not in (dict, list):
        return None
    try:
        text = _ENCODER.encode(value)
    except OverflowError:  # an integer of more than 64 bits
        return None
    if not text.isascii():
        return None
    quoted = b"\\" in text  # a string may hold a quotation mark
    parts = _STRING.split(text) if quoted else text.split(b'"')
    outside = b'"'.join(parts[::2])
    if _WIDE in outside.translate(_SHAPES):
        return None
    parts[::2] = _numbers(outside).split(b'"')
    return (b"" if quoted else b'"').join(parts)


def _numbers(text: bytes) -> bytes:
    """Lay out as ECMAScript does what msgspec writes as 1.0, -0.0, 1e-6, 1e16 or 1e21; `text` is an object or array without strings."""
    for ending in (b",", b"]", b"}"):
        text = text.replace(b"-0.0" + ending, b"0" + ending).replace(b".0" + ending, ending)
    if b"e" not in text.replace(b"true", b"").replace(b"false", b""):
        return text
    done, at, e = [], 0, text.find(b"e")
    while e >= 0:
        small = text[e + 1 : e + 2] == b"-" and text[e + 2 : e + 3] != b"6"
        exponent = None if small else _EXPONENT.match(text, e)
        if exponent is not None and text[e - 1 : e].isdigit():
            begin = e
            while text[begin - 1] in _MANTISSA:
                begin -= 1
            done += [text[at:begin], rfc8785.dumps(float(text[begin : exponent.end()]))]
            at = exponent.end()
        e = text.find(b"e", e + 1)
    return b"".join([*done, text[at:]])
