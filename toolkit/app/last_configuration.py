"""What ran on this machine the last time, so that the log of the next run can say what changed, from what to what."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit import AuditFault


@dataclass(frozen=True)
class Change:
    """One named value with the one it had in run `since`."""

    name: str
    old: str
    new: str
    since: str


class LastConfiguration:
    """The named values (hashes, versions) of the newest run of one device, kept in the machine's state directory."""

    def __init__(self, state: Path, device: str) -> None:
        self._path = state / f"configuration_{re.sub('[^A-Za-z0-9]+', '_', device)}.json"

    def changes(self, values: Mapping[str, str]) -> Iterator[Change]:
        """Yield what differs from the last run; nothing if there was none.

        Raises:
            AuditFault: the file is there and cannot be read: then nobody knows what changed.
        """
        try:
            held = json.loads(self._path.read_text("utf-8"))
            run, before = str(held["run"]), {str(name): str(value) for name, value in held["values"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AuditFault(f"{self._path}: cannot be read, so what changed since the last run is not known: {error}") from error
        for name in sorted(before.keys() | values.keys()):
            if before.get(name, "") != values.get(name, ""):
                yield Change(name, before.get(name, ""), values.get(name, ""), run)

    def keep(self, values: Mapping[str, str], run: str) -> None:
        """These are the values of the newest run.

        Raises:
            AuditFault: they cannot be written.
        """
        fresh = self._path.with_name(f"{self._path.name}.{run}.new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump({"run": run, "values": dict(values)}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self._path)
        except OSError as error:
            raise AuditFault(f"{self._path}: the machine's state cannot be written: {error}") from error
