"""A second checker of box certificates, by other means: mpmath's inf-sup intervals, 4 x 4 matrices from the base outwards, derivatives from
the axes and lever arms of the joints, and a cover that is checked as a set of boxes and not by the tree that made them.

    d2P / dq_j dq_l = w_j x (w_l x (P - p_l))  for turning joints, j nearer the base,  w_j x a_l for a sliding l,  0 for a sliding j

It knows nothing of the checker but the format, and it takes the kinematics from the toolkit.
"""

import base64
from fractions import Fraction
from typing import Any

from mpmath import iv

from toolkit.models import Joint, SerialArm

Json = dict[str, Any]
Side = tuple[float, float]
Box = list[Side]
Vector = list[Any]


def paving(tree: str, box: Box) -> list[Box]:
    """The leaves, from the end of the tree to its start: a stack machine that joins instead of splitting."""
    shapes: list[Any] = []
    for byte in reversed(base64.b64decode(tree)):
        shapes.append(None if byte == 255 else (byte, shapes.pop(), shapes.pop()))
    if len(shapes) != 1:
        raise ValueError("the tree does not end where it should")
    result: list[Box] = []
    waiting = [(shapes[0], box)]
    while waiting:
        shape, part = waiting.pop()
        if shape is None:
            result.append(part)
            continue
        axis, first, second = shape
        low, high = part[axis]
        split = 0.5 * low + 0.5 * high
        waiting += [(first, [*part[:axis], (low, split), *part[axis + 1 :]]), (second, [*part[:axis], (split, high), *part[axis + 1 :]])]
    return result


def covers(parts: list[Box], box: Box) -> bool:
    """Inside the box, disjoint but for faces, and of its volume: exact, over the coordinates that have a width."""
    wide = [j for j, (low, high) in enumerate(box) if low < high]
    volume, found = Fraction(1), Fraction(0)
    for j in wide:
        volume *= Fraction(box[j][1]) - Fraction(box[j][0])
    for part in parts:
        if any(not (box[j][0] <= part[j][0] <= part[j][1] <= box[j][1]) for j in range(len(box))):
            return False
        size = Fraction(1)
        for j in wide:
            size *= Fraction(part[j][1]) - Fraction(part[j][0])
        found += size
    return found == volume


class SecondChecker:
    """Judges `second_derivative_bound` and keep-in polytopes of `inclusion` for one arm."""

    def __init__(self, arm: SerialArm, lower: list[Fraction], upper: list[Fraction]) -> None:
        self._arm, self._lower, self._upper = arm, lower, upper

    def holds(self, certificate: Json, constraints: list[Json]) -> bool:
        """Whether it could be shown; never True for what is false."""
        box = [(float.fromhex(a), float.fromhex(b)) for a, b in certificate["box"]]
        if not all(Fraction(a) <= low and high <= Fraction(b) for (a, b), low, high in zip(box, self._lower, self._upper, strict=True)):
            return False
        try:
            if certificate["kind"] == "second_derivative_bound":
                return all(self._pair_holds(certificate["function"].removeprefix("point:"), row, box) for row in certificate["bounds"])
            return self._inclusion_holds(certificate, constraints, box)
        except (ValueError, IndexError, ArithmeticError):
            return False

    def _path(self, point: str) -> tuple[list[Joint], Vector]:
        body_point = self._arm.body_points[self._arm.point_names.index(point)]
        return [*self._arm.joints[: body_point.frame], *body_point.branch], [iv.mpf(x) for x in body_point.p_m]

    def _pair_holds(self, point: str, row: Json, box: Box) -> bool:
        joints, p = self._path(point)
        j, k, bound = row["j"], row["l"], iv.mpf(float.fromhex(row["bound"]))
        moved = [i for i, joint in enumerate(joints) if joint.coordinate in (j, k)]
        if not {j, k} <= {joint.coordinate for joint in joints}:
            return bool(bound.a >= 0)
        joints = joints[moved[0] :]
        part = _beyond(joints, box)
        if row["rule"] == "outer":
            inner = joints[moved[-1] - moved[0] :]
            part = _beyond(inner, box)
            gain = abs(joints[0].gain) if not joints[0].is_prismatic else 0.0

            def size(q: Box) -> Any:
                return _norm(_first(inner, p, q, 0)) * gain
        else:
            places = [i for i, joint in enumerate(joints) if joint.coordinate in (j, k)]
            first, last = places[0], places[-1]

            def size(q: Box) -> Any:
                return _norm(_second(joints, p, q, min(first, last), max(first, last)))

        leaves = paving(row["tree"], part)
        return covers(leaves, part) and all(_below(size, leaf, bound, 12) for leaf in leaves)

    def _inclusion_holds(self, certificate: Json, constraints: list[Json], box: Box) -> bool:
        region = next(c for c in constraints if c["name"] == certificate["constraint"])
        body = next(b for b in self._arm.bodies if b.name == certificate["body"])
        if region["type"] != "keep_in_polytope":
            raise ValueError("only polytopes")
        margin = Fraction(certificate["margin"])
        grown = iv.mpf(body.radius_m) + iv.mpf(margin.numerator) / margin.denominator
        leaves = paving(certificate["tree"], box)
        if margin < 0 or not covers(leaves, box):
            return False
        for point in body.points:
            joints, p = self._path(point)
            for face in region["half_spaces"]:
                n = [iv.mpf(x) for x in face["normal_B"]]
                limit = iv.mpf(face["offset_m"]) - grown * _norm(n)

                def along(q: Box, joints: list[Joint] = joints, p: Vector = p, n: Vector = n) -> Any:
                    return _dot(n, _forward(joints, p, q)[0])

                if not all(_below(along, leaf, limit, 14) for leaf in leaves):
                    return False
        return True


def _beyond(joints: list[Joint], box: Box) -> Box:
    """The box in the coordinates that matter: those of the joints beyond the first; a rigid motion keeps norms."""
    matter = {joint.coordinate for joint in joints[1:]}
    return [(a, b) if c in matter else (0.5 * (a + b),) * 2 for c, (a, b) in enumerate(box)]


def _below(f: Any, box: Box, limit: Any, levels: int) -> bool:
    """f <= limit over the box: natural enclosures, halving the widest side."""
    value = f(box)
    if value.b <= limit.a:
        return True
    if levels == 0:
        return False
    axis = max(range(len(box)), key=lambda c: box[c][1] - box[c][0])
    low, high = box[axis]
    split = 0.5 * low + 0.5 * high
    if not low < split < high:
        return False
    return all(_below(f, [*box[:axis], side, *box[axis + 1 :]], limit, levels - 1) for side in ((low, split), (split, high)))


def _forward(joints: list[Joint], p: Vector, q: Box) -> tuple[Vector, list[Vector], list[Vector]]:
    """P, and the axis and origin of each joint, all in the base frame of this path."""
    R: list[Vector] = [[iv.mpf(float(i == k)) for k in range(3)] for i in range(3)]
    o: Vector = [iv.mpf(0)] * 3
    axes, origins = [], []
    for joint in joints:
        o = _plus(o, _times(R, [iv.mpf(x) for x in joint.X_PJ.p_m]))
        R = _product(R, [[iv.mpf(x) for x in row] for row in joint.X_PJ.R])
        a = [iv.mpf(x) for x in joint.axis]
        amount = iv.mpf(joint.gain) * iv.mpf(list(q[joint.coordinate])) + iv.mpf(joint.offset)
        axes.append(_times(R, a))
        origins.append(o)
        if joint.is_prismatic:
            o = _plus(o, [x * amount for x in axes[-1]])
            continue
        s, c = iv.sin(amount), iv.cos(amount)
        cross = [[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]]
        turn = [[a[i] * a[k] + c * ((1 if i == k else 0) - a[i] * a[k]) + s * cross[i][k] for k in range(3)] for i in range(3)]
        R = _product(R, turn)
    return _plus(o, _times(R, p)), axes, origins


def _first(joints: list[Joint], p: Vector, q: Box, i: int) -> Vector:
    P, axes, origins = _forward(joints, p, q)
    lever = axes[i] if joints[i].is_prismatic else _cross(axes[i], _minus(P, origins[i]))
    return [joints[i].gain * x for x in lever]


def _second(joints: list[Joint], p: Vector, q: Box, outer: int, inner: int) -> Vector:
    if joints[outer].is_prismatic:
        return [iv.mpf(0)] * 3
    _, axes, _ = _forward(joints, p, q)
    return [joints[outer].gain * x for x in _cross(axes[outer], _first(joints, p, q, inner))]


def _plus(a: Vector, b: Vector) -> Vector:
    return [x + y for x, y in zip(a, b, strict=True)]


def _minus(a: Vector, b: Vector) -> Vector:
    return [x - y for x, y in zip(a, b, strict=True)]


def _dot(a: Vector, b: Vector) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _times(R: list[Vector], v: Vector) -> Vector:
    return [_dot(row, v) for row in R]


def _product(A: list[Vector], B: list[Vector]) -> list[Vector]:
    return [[_dot(row, [B[i][k] for i in range(3)]) for k in range(3)] for row in A]


def _norm(v: Vector) -> Any:
    return iv.sqrt(sum((x**2 for x in v), iv.mpf(0)))
