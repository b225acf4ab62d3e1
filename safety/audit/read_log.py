"""Reading a log: its records, and whether it is whole. The second is `verify_log`'s answer, with this project's exceptions."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit import SpecificationError

from . import verify_log
from .verify_log import Report


def verify(directory: Path | str, key: Path | None = None, copies: Iterable[Path] = ()) -> Report:
    """Check the log in `directory`, or in its folder `audit`: see `verify_log.verify`.

    Args:
        key: file with the operator's public key.
        copies: second places of the checkpoints.
    Raises:
        SpecificationError: there is no log, a file cannot be read, or `key` is no key.
    """
    try:
        return verify_log.verify(directory, None if key is None else verify_log.read_key(key), copies)
    except (ValueError, OSError) as error:
        raise SpecificationError(str(error)) from error


def read_lines(directory: Path | str) -> Iterator[tuple[Path, int, bytes]]:
    """Yield each whole line of the log in `directory` with its segment and number, oldest first, unchecked.

    A torn tail is left out: in the newest segment, from the first line on that has no end, or that holds a NUL byte and that no
    checkpoint beside the segments covers.
    Raises:
        SpecificationError: there is no log, a segment cannot be read, or a line is torn where no crash leaves one.
    """
    try:
        folder = verify_log.find_log(Path(directory))
        segments, seen = verify_log.list_segments(folder), 0
        for segment in segments:
            number = 0
            for block in verify_log.blocks(segment):
                *lines, last = block.split(b"\n")
                for line in lines:
                    number, seen = number + 1, seen + 1
                    if b"\0" in line:
                        if segment is segments[-1] and verify_log.largest_size(folder / "checkpoints") < seen:
                            return
                        raise SpecificationError(f"{verify_log.WITH_NUL}, which is no torn tail", file=str(segment), line=number)
                    yield segment, number, line
                if last and segment is not segments[-1]:
                    raise SpecificationError("a line without its end, and another segment follows", file=str(segment), line=number + 1)
    except (ValueError, OSError) as error:
        raise SpecificationError(str(error)) from error


def read_records(directory: Path | str, parse_int: Callable[[str], float] = verify_log.integer) -> Iterator[dict[str, Any]]:
    """Yield the records of the log in `directory`, oldest first, without checking the chain. A torn tail is left out.

    A number comes back as int where it was written without fraction: 1.0 as 1. Wide integers come back as strings.
    Args:
        parse_int: what becomes of an integer token; by default one beyond 2^53 - 1 is the double that it was when it was written.
    Raises:
        SpecificationError: as `read_lines`; or a line is not JSON, or lacks what every record has: seq, kind, actor, times, data.
    """
    for segment, number, line in read_lines(directory):
        try:
            record = json.loads(line, parse_constant=verify_log.refuse, parse_int=parse_int)
        except RecursionError:
            raise SpecificationError("nested too deeply", file=str(segment), line=number) from None
        except ValueError as error:
            raise SpecificationError(f"not JSON: {error}", file=str(segment), line=number) from error
        what = _shape_fault(record)
        if what:
            raise SpecificationError(what, file=str(segment), line=number)
        yield record


_SHAPE: dict[str, type] = {"seq": int, "kind": str, "actor": str, "mono_ns": str, "utc_ns": str, "data": dict}


def _shape_fault(record: object) -> str:
    """What every record has and this one has not, or ""."""
    if not isinstance(record, dict):
        return "not a JSON object"
    for name, kind in _SHAPE.items():
        if not isinstance(record.get(name), kind):
            return f"not a record: {name} is {record.get(name)!r:.80}, a JSON {_JSON[kind]} is due"
    for name in ("mono_ns", "utc_ns"):
        if not verify_log.NANOSECONDS.fullmatch(record[name]):
            return f"not a record: {name} is {record[name]!r:.80}, a decimal number of nanoseconds is due"
    return ""


_JSON = {int: "integer", str: "string", dict: "object"}
