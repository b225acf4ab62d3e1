"""Branch and bound: bisect a box until a test passes on every part, and keep the tree of how."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray, InvalidInput

from .tree import LEAF, Tree, middle

BATCH = 16384
Progress = Callable[[float], None]
_Part = tuple[FloatArray, FloatArray, NDArray[np.int64], FloatArray]
"""Boxes (N, n) twice, their node numbers, and the share of the whole volume each has."""


class Test(Protocol):
    """Decides boxes. It may be wrong in one direction only: a box that passes has the property everywhere."""

    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """For boxes (N, n): which of them pass, and for each the coordinate worth splitting."""
        ...


@dataclass(frozen=True)
class Limits:
    """When to stop trying: wall time [s], boxes looked at, nodes of the tree."""

    seconds: float = 60.0
    boxes: int = 50_000_000
    nodes: int = 400_000


DEFAULT = Limits()


@dataclass(frozen=True)
class Bisection:
    """tree: None if a limit was reached first; `reason` says which. boxes: looked at."""

    tree: Tree | None
    boxes: int
    seconds: float
    reason: str = ""


def bisect(test: Test, lower: FloatArray, upper: FloatArray, limits: Limits = DEFAULT, progress: Progress | None = None) -> Bisection:
    """Cover the box lower <= q <= upper, shape (n,), by parts that pass. Depth first, so that memory stays bounded; deterministic.

    progress: told the share of the box's volume that has passed.
    Raises:
        InvalidInput: an empty or unbounded box.
    """
    bounded = lower.shape == upper.shape and lower.ndim == 1 and np.isfinite(lower).all() and np.isfinite(upper).all()
    if not (bounded and (lower <= upper).all()):
        raise InvalidInput(f"box: must be bounded and not empty: {lower.tolist()} to {upper.tolist()}")
    started = time.monotonic()
    nodes = _Nodes()
    waiting: list[_Part] = [(lower[None].copy(), upper[None].copy(), np.zeros(1, dtype=np.int64), np.ones(1))]
    boxes, done = 0, 0.0
    while waiting:
        low, high, ids, share = _next_batch(waiting)
        boxes += len(ids)
        passed, split = test(low, high)
        done += float(share[passed].sum())
        if progress is not None:
            progress(done)
        left = ~passed
        low, high, ids, split, share = low[left], high[left], ids[left], split[left], share[left]
        if len(ids):
            row = np.arange(len(ids))
            at = middle(low[row, split], high[row, split])
            if not ((low[row, split] < at) & (at < high[row, split])).all():
                return Bisection(None, boxes, time.monotonic() - started, "a part became too thin to split")
            left_high, right_low = high.copy(), low.copy()
            left_high[row, split] = right_low[row, split] = at
            below, above = nodes.split(ids, split)
            waiting += [(right_low, high, above, 0.5 * share), (low, left_high, below, 0.5 * share)]
        for over, what in (
            (time.monotonic() - started > limits.seconds, f"{limits.seconds:g} s"),
            (boxes > limits.boxes, f"{limits.boxes} boxes"),
            (nodes.count > limits.nodes, f"a tree of {limits.nodes} nodes"),
        ):
            if over and waiting:
                return Bisection(None, boxes, time.monotonic() - started, f"not decided within {what}; {done:.1%} of the box passed")
    return Bisection(nodes.tree(), boxes, time.monotonic() - started)


def _next_batch(waiting: list[_Part]) -> _Part:
    parts = [waiting.pop()]
    while waiting and sum(len(part[2]) for part in parts) < BATCH:
        parts.append(waiting.pop())
    if len(parts) == 1:
        return parts[0]
    low, high, ids, share = zip(*parts, strict=True)
    return np.concatenate(low), np.concatenate(high), np.concatenate(ids), np.concatenate(share)


class _Nodes:
    """The tree while it grows: arrays that double."""

    def __init__(self) -> None:
        self.count = 1
        self._split = np.full(64, LEAF, dtype=np.int64)
        self._below, self._above = np.zeros(64, dtype=np.int64), np.zeros(64, dtype=np.int64)

    def split(self, ids: NDArray[np.int64], coordinates: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the lower and the upper halves."""
        first, self.count = self.count, self.count + 2 * len(ids)
        while self.count > len(self._split):
            self._split = np.concatenate([self._split, np.full(len(self._split), LEAF, dtype=np.int64)])
            self._below, self._above = np.concatenate([self._below, self._below]), np.concatenate([self._above, self._above])
        below = first + np.arange(len(ids))
        above = below + len(ids)
        self._split[ids], self._below[ids], self._above[ids] = coordinates, below, above
        return below, above

    def tree(self) -> Tree:
        return Tree.from_children(self._split[: self.count], self._below[: self.count], self._above[: self.count])
