"""Where a logged value and the recomputed one are not the same, and by how much."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DECISIVE = frozenset({"verdict", "ticks", "next_plan", "memory", "latch", "refused", "raised", "i", "calls", "written"})
"""Fields that say what was sent, remembered or refused. A difference anywhere else is one of numbers or words beside a decision."""
ABSENT = "absent"
ULPS_SHOWN = 1e6


@dataclass(frozen=True)
class Difference:
    """One value that differs. record: its sequence number; cycle: its index, None outside cycles; field: its path in the record.

    size: |logged - recomputed|; ulps: the same in units of the last place of the logged double. None where they are not numbers.
    """

    record: int
    cycle: int | None
    field: str
    logged: object
    recomputed: object
    size: float | None
    ulps: float | None

    @property
    def is_decisive(self) -> bool:
        """A verdict, ticks, a plan or a memory differs, or the log contradicts itself."""
        return self.field.removeprefix("enable.").replace("[", ".").split(".")[0] in DECISIVE

    def __str__(self) -> str:
        place = f"record {self.record}" + ("" if self.cycle is None else f" (cycle {self.cycle})")
        apart = "" if self.size is None else f", apart by {self.size:.3g}"
        if self.ulps is not None and self.ulps < ULPS_SHOWN:
            apart += f" ({self.ulps:.3g} ulp)"
        return f"{place}: {self.field}: logged {_short(self.logged)}, recomputed {_short(self.recomputed)}{apart}"


def compare(record: int, cycle: int | None, field: str, logged: Any, recomputed: Any) -> Iterator[Difference]:
    """Differences between two trees of plain values: what the log holds and what the same code would have written.

    Numbers are compared by value, exactly: 1 and 1.0 are the same, as in JSON (and true is 1: how it is spelt is the hash chain's affair).
    """
    if logged == recomputed:
        return
    if isinstance(logged, dict) and isinstance(recomputed, dict):
        for name in (*recomputed, *(name for name in logged if name not in recomputed)):
            yield from compare(record, cycle, f"{field}.{name}", logged.get(name, ABSENT), recomputed.get(name, ABSENT))
    elif isinstance(logged, list) and isinstance(recomputed, list) and len(logged) == len(recomputed):
        for index, (one, other) in enumerate(zip(logged, recomputed, strict=True)):
            yield from compare(record, cycle, f"{field}[{index}]", one, other)
    else:
        size, ulps = _distance(logged, recomputed)
        yield Difference(record, cycle, field.lstrip("."), logged, recomputed, size, ulps)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _distance(logged: Any, recomputed: Any) -> tuple[float | None, float | None]:
    if not (_is_number(logged) and _is_number(recomputed)):
        return None, None
    size = abs(float(logged) - float(recomputed))
    whole = isinstance(logged, int) and isinstance(recomputed, int)
    return size, None if whole or not math.isfinite(size) else size / math.ulp(float(logged))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:80]} … {text[-30:]}"
