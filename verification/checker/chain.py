"""A serial chain in Arb balls, and its derivatives of any order by Leibniz' rule along the chain.

No derivative is read from anywhere: a joint moves by R (a a' + cos (I - a a') + sin [a]x), or slides; its derivatives are those of sin
and cos, and the derivative of a product is all there is to a chain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from math import comb

from flint import arb, arb_mat

from .exact import Box, finite, sine_cosine
from .strict_json import need

Order = tuple[int, ...]
"""Coordinates a point is differentiated by, ascending: (0, 3, 3) is d3P / dq_0 dq_3^2."""
EYE = arb_mat(3, 3, [1, 0, 0, 0, 1, 0, 0, 0, 1])


def near(x: float) -> arb:
    """Every real within 2^-50 max(1, |x|) of x: the file's number and whatever the program rounded it to."""
    return arb(x, 2.0**-50 * max(1.0, abs(x)))


def column(x: Iterable[arb | float]) -> arb_mat:
    """A vector."""
    return arb_mat(3, 1, list(x))


def rotation(angle: float, about_x: bool) -> arb_mat:
    """A rotation about x or z by a constant angle; exactly the identity for 0."""
    s, c = (x + arb(0, 2.0**-50) for x in near(angle).sin_cos())
    return EYE if angle == 0.0 else arb_mat(3, 3, [1, 0, 0, 0, c, -s, 0, s, c] if about_x else [c, -s, 0, s, c, 0, 0, 0, 1])


@dataclass(frozen=True, eq=False)
class Joint:
    """X(q) = (R, p) . motion(gain q[coordinate] + offset), about or along `axis`.

    turn: "none" where R is exactly I, "x" where R = [1 0 0; 0 c -s; 0 s c] (c^2 + s^2 = 1 as far as `check_rigid` says), with the axis z in
    both; else "other", which `symmetry` does not expand.
    """

    slides: bool
    R: arb_mat
    p: arb_mat
    coordinate: int
    offset: arb
    gain: arb
    axis: arb_mat
    turn: str = "other"

    @cached_property
    def parts(self) -> tuple[arb_mat, arb_mat, arb_mat]:
        """R a a', R (I - a a'), R [a]x."""
        x, y, z = self.axis.entries()
        aa = self.axis * self.axis.transpose()
        return self.R * aa, self.R * (EYE - aa), self.R * arb_mat(3, 3, [0, -z, y, z, 0, -x, -y, x, 0])

    def amount(self, side: tuple[float, float]) -> tuple[arb, arb]:
        """The motion at both ends of the coordinate's side of a box."""
        return finite(self.gain * side[0] + self.offset), finite(self.gain * side[1] + self.offset)

    def turns(self, box: Box, order: int) -> list[arb_mat]:
        """The rotation and its first `order` derivatives with respect to the coordinate, enclosed over the box."""
        return [self.R] if self.slides else _turns(self, box[self.coordinate], order)


@lru_cache(maxsize=20_000)
def _turns(joint: Joint, side: tuple[float, float], order: int) -> list[arb_mat]:
    s, c = sine_cosine(*joint.amount(side), side[0] == side[1])
    fixed, cosine, sine = joint.parts
    found = [fixed + cosine * c + sine * s]
    for k in range(1, order + 1):
        s, c = c, -s
        found.append(cosine * (c * joint.gain**k) + sine * (s * joint.gain**k))
    return found


@dataclass(frozen=True, eq=False)
class Path:
    """A point carried by joints: P(q) = X_1(q) .. X_k(q) p."""

    joints: tuple[Joint, ...]
    p: arb_mat

    def reversed(self, centre: arb_mat) -> "Path":
        """`centre`, fixed at the base, as seen from the last joint's frame: every motion and constant inverted, in reverse order."""
        result, R, p = [], EYE, column([0, 0, 0])
        for joint in reversed(self.joints):
            result.append(replace(joint, R=R, p=p, offset=-joint.offset, gain=-joint.gain, turn="other"))
            R = joint.R.transpose()
            p = -(R * joint.p)
        return Path(tuple(result), R * centre + p)

    def from_first(self, coordinates: Order, box: Box) -> tuple["Path", Box]:
        """The path from the first joint that these coordinates move, and a smaller box: a rigid motion in front keeps norms.

        The joint in front may stand anywhere too if its coordinate moves nothing else: its turn is then a rigid motion of the derivative.
        """
        start = next((i for i, joint in enumerate(self.joints) if joint.coordinate in coordinates), len(self.joints))
        rest = self.joints[start:]
        alone = {rest[0].coordinate} if sum(joint.coordinate == rest[0].coordinate for joint in rest) == 1 else set()
        return Path(rest, self.p), frozen(box, alone)

    def derivatives(self, box: Box, orders: Iterable[Order]) -> dict[Order, arb_mat | None]:
        """Enclosures over the box of the point, key (), and of its derivatives; None is a derivative that is zero everywhere."""
        wanted = {tuple(part) for order in [(), *orders] for k in range(len(order) + 1) for part in combinations(order, k)}
        D: dict[Order, arb_mat | None] = dict.fromkeys(wanted)
        D[()] = self.p
        for joint in reversed(self.joints):
            D = _carried(joint, box, D, max(map(len, wanted)))
        return D

    def at(self, box: Box) -> arb_mat:
        """The point over the box."""
        return column(self.derivatives(box, [])[()].entries())  # type: ignore[union-attr]  # the point itself is never None


def frozen(box: Box, coordinates: Iterable[int]) -> Box:
    """The box with these sides replaced by their middle."""
    return [(0.5 * low + 0.5 * high,) * 2 if c in coordinates else (low, high) for c, (low, high) in enumerate(box)]


def _carried(joint: Joint, box: Box, inner: dict[Order, arb_mat | None], highest: int) -> dict[Order, arb_mat | None]:
    """One step towards the base: d^S (M v) = sum_i C(m, i) M^(i) d^(S less i) v, m how often the joint's coordinate stands in S."""
    c, M = joint.coordinate, joint.turns(box, highest)
    outer: dict[Order, arb_mat | None] = {}
    for order in inner:
        total: arb_mat | None = joint.p if order == () else None
        times, first = order.count(c), order.index(c) if c in order else 0
        for i in range(min(times, len(M) - 1) + 1):
            v = inner[order[:first] + order[first + i :]]
            if v is not None:
                term = M[i] * v * comb(times, i) if comb(times, i) > 1 else M[i] * v
                total = term if total is None else total + term
        if joint.slides and order in ((), (c,)):
            low, high = joint.amount(box[c])
            term = joint.R * joint.axis * (joint.gain if order else low.union(high))
            total = term if total is None else total + term
        outer[order] = total
    return outer


def check_rigid(joints: Sequence[Joint]) -> None:
    """Reject constants that are no rotations and unit axes: dropping rigid motions in front rests on it, to 1e-11."""
    for joint in joints:
        skew = (joint.R * joint.R.transpose() - EYE).entries()
        need(all(bool(abs(x) < 1e-11) for x in (*skew, squared(joint.axis) - 1)), "a constant is no rotation, or an axis has not length 1")


def squared(v: arb_mat) -> arb:
    """|v|^2; its upper end is sharp, its lower end may be below zero."""
    return finite((v.transpose() * v)[0, 0])
