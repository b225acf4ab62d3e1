"""The invariant of the shield's induction, as rules about one step: from what was covered before to what may be in force after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from safety import Memory, Reaction

from .shield_world import Granted, Setpoints, named

BAD = {
    "window": "bad: a window that may come into force was not certified",
    "class": "bad: three setpoints in a row that are not in class C",
    "rest": "bad: the stored plan does not end at rest",
    "long": "bad: the stored plan is not shorter than n_max",
    "history": "bad: the history is not what was sent",
    "start": "bad: enabled with a past that was not",
    "moving": "bad: enabled while the arm moved",
    "held": "bad: something was sent after a hold was latched",
    "tail": "bad: something else than the tail was sent after a stop was latched",
    "latch": "bad: a latched reaction gave way to a milder one, or to none",
    "parts": "bad: shield, filter or monitors were replaced under a stored plan",
}


@dataclass(frozen=True)
class Covered:
    """Windows as sets of setpoints; triples of setpoints in a row."""

    windows: frozenset[frozenset[int]]
    triples: frozenset[Setpoints]

    def __or__(self, other: "Covered") -> "Covered":
        return Covered(self.windows | other.windows, self.triples | other.triples)


@lru_cache(maxsize=4096)
def windows_of(history: Setpoints, plan: Setpoints, window: int, only_plan: bool = False) -> Covered:
    """Windows and triples of the history, then the plan, then its last setpoint for ever.

    only_plan: those that end in a setpoint of the plan, or later.
    """
    whole = history + plan
    y = whole + (whole[-1],) * (window + 1)
    first = len(history) if only_plan else 0
    windows = {frozenset(y[i - window : i + 1]) for i in range(max(window, first), len(y))}
    return Covered(frozenset(windows), frozenset(y[i - 2 : i + 1] for i in range(max(2, first), len(y))))


@lru_cache(maxsize=65536)
def broken_windows(before: tuple[Granted, ...], granted: tuple[Granted, ...], history: Setpoints, tail: Setpoints, window: int) -> str:
    """Each window of history and tail is a subset of one that passed; each triple is in class C, by check or as a hold.

    before: history and tail that the hypothesis is about; none at enable. granted: what was certified in this step.
    """
    passed = Covered(frozenset(), frozenset())
    for old in before:
        passed |= windows_of(old.history, old.plan, window)
    for new in granted:
        passed |= windows_of(new.history, new.plan, window, only_plan=True)
    needed = windows_of(history, tail, window)
    for wanted in needed.windows - passed.windows:
        if not any(wanted <= one for one in passed.windows):
            return BAD["window"]
    for _, b, c in needed.triples - passed.triples:
        if b != c:  # a hold may begin at any setpoint, from any speed
            return BAD["class"]
    return ""


def broken_memory(memory: Memory, window: int, n_max: int) -> str:
    """The history is as long as a window needs; what is stored comes to rest, within n_max."""
    if memory.history.shape[0] != window + 2:
        return BAD["history"]
    whole = named(memory.history) + named(memory.plan)
    if whole[-1] != whole[-2]:
        return BAD["rest"]
    return BAD["long"] if memory.plan.shape[0] >= n_max else ""


def broken_history(before: Setpoints, after: Setpoints, periods: int, written: Sequence[int]) -> str:
    """In each period one setpoint enters the history: the one that was written, if one was."""
    kept = after[: len(after) - periods] == before[periods:] and len(written) <= periods
    return "" if kept and (not written or after[-1] == written[0]) else BAD["history"]


def broken_latch(before: Reaction | None, after: Reaction | None, written: Sequence[int], tail_head: int) -> str:
    """Once a stop is latched nothing but the tail is sent, once a hold is, nothing; and a reaction never gets milder."""
    if before is None:
        return ""
    if written and before is not Reaction.TAIL:
        return BAD["held"]
    if written and written[0] != tail_head:
        return BAD["tail"]
    return "" if after is not None and after.value >= before.value else BAD["latch"]
