"""A body inside, or outside, a region over all allowed configurations; or one configuration where it is not."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flint import arb, arb_mat, fmpq

from .chain import Path, column, frozen, squared
from .cover import Function, check_tree
from .exact import Box, box_of, exact_floats, exactly, rational
from .problem import Problem
from .regions import Faces, Solid, region_of
from .strict_json import fields, integer, listed, need
from .symmetry import SLACK_M, check_frozen

Choice = Callable[[Box, int], Sequence[Function]]


def check(problem: Problem, certificate: dict[str, Any], refuted: bool) -> tuple[str, str]:
    """Id and claim of an `inclusion` that holds, or that is refuted by its witness."""
    stated = fields(certificate, "constraint body margin witness" if refuted else "constraint body margin box frozen tree")
    constraint, body, margin_text = stated[:3]
    need(constraint in problem.constraints and body in problem.model.bodies, "constraint or body: unknown")
    need(body in problem.constraints[constraint].get("bodies", ()), f"body: {constraint} is not about {body}")
    keeps_in, region = region_of(problem.constraints[constraint])
    margin = rational(margin_text, "margin")
    need(margin >= 0, "margin: below zero")
    points, radius = problem.model.bodies[body]
    paths, grown = [problem.model.points[point] for point in points], arb(exactly(radius) + margin)
    what = f"{body} grown by {float(arb(margin).mid()) * 1e3:.6g} mm"
    side = f"{'inside' if keeps_in else 'outside'} {constraint}"
    if refuted:
        _check_witness(problem, stated[3], keeps_in, region, paths, grown)
        return f"{constraint}.{body}", f"REFUTED: at the witness, within the inflated joint limits, {what} is not {side}"
    box = box_of(stated[3], problem.n)
    problem.covered_by(box)
    fixed = [integer(c, 0, problem.n - 1, "frozen") for c in listed(stated[4], 0, problem.n, "frozen")]
    if fixed:
        # Outside a ball the whole hull counts, and its distance is not decided by those of its points.
        centre = region.generators[0] if keeps_in and isinstance(region, Solid) and region.shape == "sphere" else []
        need(fixed == sorted(set(fixed)) and len(centre) == 3, "frozen: ascending coordinates, and only for a keep-in ball")
        for path in paths:
            check_frozen(path, centre, fixed)
        grown, box = grown + SLACK_M, frozen(box, fixed)
    count = check_tree(stated[5], box, choice(paths, keeps_in, region, grown))
    return f"{constraint}.{body}", f"{what} stays {side} over the inflated joint limits, {count} leaves"


class _Body:
    """The points of a body over parts of the box, computed once for all functions that use them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths, self._found = paths, dict[Any, tuple[arb_mat, list[arb_mat | None]]]()

    def point(self, index: int, part: Box, with_gradient: bool) -> tuple[arb_mat, list[arb_mat | None]]:
        """P and its first derivatives."""
        key = (index, with_gradient, *part)
        if key not in self._found:
            if len(self._found) > 100:
                self._found.clear()
            orders = [(k,) for k in range(len(part))] if with_gradient else []
            D = self.paths[index].derivatives(part, orders)
            self._found[key] = (column(D[()].entries()), [D[order] for order in orders])  # type: ignore[union-attr]  # the point is never None
        return self._found[key]

    def middles(self, part: Box) -> list[list[float]]:
        """The points at the middle of the part, about."""
        at = frozen(part, range(len(part)))
        return [[float(x.mid()) for x in self.point(i, at, False)[0].entries()] for i in range(len(self.paths))]

    def linear(self, n: arb_mat, offset: arb) -> list[Function]:
        """n.P - offset for every point."""

        def f(index: int, part: Box, with_gradient: bool) -> tuple[arb, Sequence[arb]]:
            P, D = self.point(index, part, with_gradient)
            return (n.transpose() * P)[0, 0] - offset, [arb(0) if d is None else (n.transpose() * d)[0, 0] for d in D]

        return [partial(f, index) for index in range(len(self.paths))]

    def distance(self, index: int, s: arb_mat, limit: arb) -> Function:
        """|P - s|^2 - limit^2 for one point."""

        def f(part: Box, with_gradient: bool) -> tuple[arb, Sequence[arb]]:
            P, D = self.point(index, part, with_gradient)
            return squared(P - s) - limit * limit, [arb(0) if d is None else 2 * ((P - s).transpose() * d)[0, 0] for d in D]

        return f


def choice(paths: Sequence[Path], keeps_in: bool, region: Faces | Solid, grown: arb) -> Choice:
    """The functions that must not be above zero, chosen for each part of the box.

    Inside a convex region: every point of the body, with room for its radius. Outside: one plane for all points of the body, chosen at
    the middle of the part: support(n) + |n| grown <= n.P.
    """
    body = _Body(paths)
    if isinstance(region, Faces):
        faces = [f for n, offset in region.faces for f in body.linear(n, offset - grown * squared(n).sqrt())]
        return lambda part, leaf: faces
    limit = arb(region.radius) - grown
    need(not keeps_in or bool(limit >= 0), "the region is smaller than the body grown by margin")

    def inside(part: Box, leaf: int) -> Sequence[Function]:
        return [body.distance(i, _on_axis(region, P), limit) for i, P in enumerate(body.middles(part))]

    def outside(part: Box, leaf: int) -> Sequence[Function]:
        n = region.direction_to(body.middles(part))
        return body.linear(-n, -region.support(n) - grown * squared(n).sqrt())

    return inside if keeps_in else outside


def _on_axis(solid: Solid, P: Sequence[float]) -> arb_mat:
    """A point of a ball's or capsule's segment, near P."""
    a, b = solid.generators[0], solid.generators[-1]
    length = sum((y - x) ** 2 for x, y in zip(a, b, strict=True))
    t = sum((y - x) * (p - x) for x, y, p in zip(a, b, P, strict=True)) / length if length > 0.0 else 0.0
    return column(a) + (column(b) - column(a)) * arb(min(max(t, 0.0), 1.0))


def _check_witness(problem: Problem, witness: Any, keeps_in: bool, region: Faces | Solid, paths: Sequence[Path], grown: arb) -> None:
    """Reject unless the named point of the body certainly breaks the constraint at a configuration of the inflated limits."""
    q_text, weights_text, point_text = fields(witness, "q body_weights region_point")
    q = exact_floats(q_text, problem.n, "q")
    need(all(low <= exactly(x) <= high for x, (low, high) in zip(q, problem.limits, strict=True)), "q: outside the inflated joint limits")
    weights = [rational(w, "body_weights") for w in listed(weights_text, len(paths), len(paths), "body_weights")]
    need(min(weights) >= 0 and sum(weights, fmpq(0)) == 1, "body_weights: not a convex combination")
    P = column([0, 0, 0])
    for path, weight in zip(paths, weights, strict=True):
        P = P + path.at([(x, x) for x in q]) * arb(weight)
    if isinstance(region, Solid) and not keeps_in:
        x = exact_floats(point_text, 3, "region_point")
        broken = region.holds(x) and bool(squared(P - column(x)) < grown * grown)
    else:
        need(point_text is None, "region_point: expected null")
        if isinstance(region, Faces):
            broken = any(bool((n.transpose() * P)[0, 0] + grown * squared(n).sqrt() > offset) for n, offset in region.faces)
        else:
            broken = bool(region.gap_squared(P) > (arb(region.radius) - grown).max(arb(0)) ** 2)
    need(broken, "witness: the body does not certainly break the constraint there")
