"""Reading a log: its records, and whether it is whole. The second is `verify_log`'s answer, with this project's exceptions."""

import json
from collections.abc import Iterable, Iterator
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
    """Yield each whole line of the log in `directory` with its segment and number, oldest first, unchecked. A torn tail is left out.

    Raises:
        SpecificationError: there is no log, or a segment cannot be read.
    """
    try:
        for segment in verify_log.list_segments(verify_log.find_log(Path(directory))):
            number = 0
            for block in verify_log.blocks(segment):
                for line in block.split(b"\n")[:-1]:
                    if b"\0" in line:
                        return
                    number += 1
                    yield segment, number, line
    except (ValueError, OSError) as error:
        raise SpecificationError(str(error)) from error


def read_records(directory: Path | str) -> Iterator[dict[str, Any]]:
    """Yield the records of the log in `directory`, oldest first, without checking the chain. A torn tail is left out.

    A number comes back as int where it was written without fraction: 1.0 as 1. Wide integers come back as strings.
    Raises:
        SpecificationError: there is no log, or a line is not a JSON object.
    """
    for segment, number, line in read_lines(directory):
        try:
            record = json.loads(line, parse_constant=verify_log.refuse, parse_int=verify_log.integer)
        except (ValueError, RecursionError) as error:
            raise SpecificationError(str(error), file=str(segment), line=number) from error
        if not isinstance(record, dict):
            raise SpecificationError("not a JSON object", file=str(segment), line=number)
        yield record
