"""Joint limits with their source; where two sources disagree the stricter holds and the difference is said."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import FloatArray, finite_array
from ..errors import InvalidInput

_WHAT = ("lower limit", "upper limit", "effort")


@dataclass(frozen=True, eq=False)
class JointLimits:
    """lower <= q <= upper, and |effort| <= effort where a source states one.

    names: joint names, in order. units: "rad" or "m" per joint.
    lower, upper: shape (n,), [rad] or [m].
    effort: shape (n,), [Nm] or [N]; NaN where no source states one.
    sources: where each set of numbers was read.
    differences: one sentence per limit on which sources disagree, naming both values and the one that holds.
    origin: per joint, the source of (lower, upper, effort); filled from `sources` when left out.

    Raises:
        InvalidInput: shapes differ, a limit is not finite, or lower < upper fails.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    effort: FloatArray
    sources: tuple[str, ...]
    differences: tuple[str, ...] = ()
    origin: tuple[tuple[str, str, str], ...] = ()

    def __post_init__(self) -> None:
        n = len(self.names)
        object.__setattr__(self, "lower", finite_array(self.lower, "limits.lower", (n,)))
        object.__setattr__(self, "upper", finite_array(self.upper, "limits.upper", (n,)))
        effort = np.array(self.effort, dtype=np.float64)
        effort.setflags(write=False)
        object.__setattr__(self, "effort", effort)
        if len(self.units) != n or effort.shape != (n,):
            raise InvalidInput(f"limits: {n} names, {len(self.units)} units, effort of shape {effort.shape}: they must agree")
        if not np.all(np.isnan(effort) | (effort > 0)):
            raise InvalidInput(f"limits.effort: each must be above zero, or NaN for unknown: {effort.tolist()}")
        if not self.origin:
            object.__setattr__(self, "origin", tuple((self.source, self.source, self.source) for _ in self.names))
        if len(self.origin) != n:
            raise InvalidInput(f"limits: {n} names but {len(self.origin)} origins")
        for name, low, high in zip(self.names, self.lower, self.upper, strict=True):
            if not low < high:
                raise InvalidInput(f"limits: joint {name}: lower {low} is not below upper {high}")

    def merge(self, *others: "JointLimits") -> "JointLimits":
        """The stricter of all, joint by joint (matched by name); every disagreement becomes a sentence in `differences`.

        The others may name fewer joints, in any order.

        Raises:
            InvalidInput: another names an unknown joint or another unit, or the ranges do not overlap.
        """
        held = [self.lower.copy(), self.upper.copy(), self.effort.copy()]
        origin = [list(row) for row in self.origin]
        sentences = list(self.differences)
        for other in others:
            for theirs, name in enumerate(other.names):
                mine = self._match(name, other, theirs)
                for k, offers in enumerate((other.lower, other.upper, other.effort)):
                    ours, new = float(held[k][mine]), float(offers[theirs])
                    if np.isnan(new) or ours == new:
                        continue
                    stricter = new if np.isnan(ours) else (max, min, min)[k](ours, new)
                    if not np.isnan(ours):
                        unit = {"rad": "Nm", "m": "N"}[self.units[mine]] if k == 2 else self.units[mine]
                        sentences.append(
                            f"{name}: {_WHAT[k]} is {ours:g} {unit} in {origin[mine][k]} but {new:g} {unit} in {other.origin[theirs][k]}; "
                            f"{stricter:g} {unit} holds."
                        )
                    if stricter == new:
                        held[k][mine], origin[mine][k] = new, other.origin[theirs][k]
            sentences += other.differences
        sources = tuple(dict.fromkeys(source for limits in (self, *others) for source in limits.sources))
        places = tuple((a, b, c) for a, b, c in origin)
        return JointLimits(self.names, self.units, held[0], held[1], held[2], sources, tuple(sentences), places)

    def _match(self, name: str, other: "JointLimits", theirs: int) -> int:
        """Index of another's joint in these limits."""
        if name not in self.names:
            raise InvalidInput(f"limits: {other.source} names the unknown joint {name}; the arm has {list(self.names)}")
        mine = self.names.index(name)
        if other.units[theirs] != self.units[mine]:
            units = f"{self.units[mine]} for {self.source} but in {other.units[theirs]} for {other.source}"
            raise InvalidInput(f"limits: joint {name} is in {units}")
        return mine

    @property
    def source(self) -> str:
        """The sources, as one phrase."""
        return " and ".join(self.sources)

    def violations(self, q: FloatArray) -> tuple[str, ...]:
        """One sentence per joint of q (shape (n,)) that is outside its limits; NaN counts as outside."""
        rows = zip(self.names, self.units, q.tolist(), self.lower.tolist(), self.upper.tolist(), strict=True)
        return tuple(
            f"{name}: {x!r} {unit} is outside [{low:g}, {high:g}] {unit}" for name, unit, x, low, high in rows if not low <= x <= high
        )

    def select(self, names: Sequence[str]) -> "JointLimits":
        """The same limits for fewer joints, in the order given."""
        index = [self.names.index(name) for name in names]
        return JointLimits(tuple(names), tuple(self.units[i] for i in index), self.lower[index], self.upper[index], self.effort[index],
                           self.sources, self.differences, tuple(self.origin[i] for i in index))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names and exact (hex) limits."""
        numbers = [float(x).hex() for x in (*self.lower, *self.upper, *self.effort)]
        return hashlib.sha256("\n".join(["joint-limits/1", *self.names, *self.units, *numbers]).encode()).hexdigest()
