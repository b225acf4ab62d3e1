"""RFC 8785 canonical JSON: one value, one byte string, on every machine.

What JSON cannot say is decided here, once:

* numpy arrays and scalars become lists and numbers;
* an integer outside +-(2^53 - 1) becomes its decimal string (nanosecond clocks, hashes of counters): a double would round it;
* NaN, infinities, bytes, and objects of any other type are refused with the path of the field at fault;
* -0.0 is written 0, as the RFC demands: a reader cannot tell the two apart, so a computation that is to be replayed bit for bit
  must not depend on the sign of zero.
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
import rfc8785

from toolkit import InvalidInput

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LARGEST_INTEGER = 2**53 - 1
_SCALAR_TYPES = "?bhilqBHILQefd"  # bool, integers, floats up to double; no complex, no long double
_MARK = '"\\u0000'  # opens a number that json.dumps cannot lay out itself; see _encode_ascii
_MARKED = re.compile(r'"\\u0000([^"]+)"')


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
        fast = _encode_ascii(value)
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


def _encode_ascii(value: Json) -> bytes | None:
    """The same bytes as rfc8785 at a third of the time, or None where the standard encoder could differ.

    For ASCII text Python's encoder agrees with RFC 8785 in everything but the layout of some numbers. Those are handed to it as
    marked strings and unmarked afterwards; a text of the caller's that looks marked shows in the count.
    """
    marks: list[str] = []
    text = json.dumps(_laid_out(value, marks), sort_keys=True, ensure_ascii=False, separators=(",", ":"), check_circular=False)
    if not text.isascii() or text.count(_MARK) != len(marks):
        return None
    return (_MARKED.sub(r"\1", text) if marks else text).encode("ascii")


def _laid_out(value: Any, marks: list[str]) -> Any:
    kind = type(value)
    if kind is float:
        magnitude = abs(value)
        if 1e-4 <= magnitude < 1e16 or magnitude == 0.0:  # where repr uses no exponent, as ECMAScript
            return int(value) if value.is_integer() else value
        marks.append(rfc8785.dumps(value).decode("ascii"))
        return "\0" + marks[-1]
    if kind is dict:
        return {key: _laid_out(item, marks) for key, item in value.items()}
    if kind is list:
        return [_laid_out(item, marks) for item in value]
    if kind is int and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        raise InvalidInput(f"no canonical form: the integer {value} is outside +-(2^53 - 1)")
    return value
