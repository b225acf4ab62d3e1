"""A body inside, or outside, a region over all allowed configurations; or one configuration where it is not."""

from collections.abc import Callable, Sequence
from functools import lru_cache
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


def _claim(problem: Problem, certificate: dict[str, Any], evidence: str) -> tuple[str, str, str, bool, Faces | Solid, list[Path], arb, Any]:
    """Id, what, side, keeps in, region, paths of the body's points, radius of the body and margin [m], evidence."""
    constraint, body, margin_text, *rest = fields(certificate, f"constraint body margin {evidence}")
    need(constraint in problem.constraints and body in problem.model.bodies, "constraint or body: unknown")
    need(body in problem.constraints[constraint].get("bodies", ()), f"body: {constraint} is not about {body}")
    keeps_in, region = region_of(problem.constraints[constraint])
    margin = rational(margin_text, "margin")
    need(margin >= 0 and ("problem" in problem.data or margin == fmpq(1, 1000)), "margin: below zero, or not 1/1000 for a procedure")
    points, radius = problem.model.bodies[body]
    paths, grown = [problem.model.points[point] for point in points], arb(exactly(radius) + margin)
    what, side = f"{body} grown by {float(arb(margin).mid()) * 1e3:.6g} mm", f"{'inside' if keeps_in else 'outside'} {constraint}"
    return f"{constraint}.{body}", what, side, keeps_in, region, paths, grown, rest


def check_proved(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """Id and claim of an `inclusion` that holds over all allowed configurations."""
    id_, what, side, keeps_in, region, paths, grown, (box_text, fixed, tree) = _claim(problem, certificate, "box frozen tree")
    box = problem.covered_by(box_of(box_text, problem.n))
    fixed = [integer(c, 0, problem.n - 1, "frozen") for c in listed(fixed, 0, problem.n, "frozen")]
    if fixed:
        # Outside a ball the whole hull counts, and its distance is not decided by those of its points.
        ball = keeps_in and isinstance(region, Solid) and region.shape == "sphere"
        need(ball and fixed == sorted(set(fixed)), "frozen: ascending coordinates, and only for a keep-in ball")
        for path in paths:
            check_frozen(path, region.generators[0], fixed)  # type: ignore[union-attr]  # need() has just established the ball
        grown, box = grown + SLACK_M, frozen(box, fixed)
    count = check_tree(tree, box, choice(paths, keeps_in, region, grown))
    return id_, f"{what} stays {side} over the inflated joint limits, {count} leaves"


@lru_cache(maxsize=100)
def _point(path: Path, part: tuple[tuple[float, float], ...], with_gradient: bool) -> tuple[arb_mat, list[arb_mat | None]]:
    """P and its first derivatives over a part of the box, computed once for all functions that use them."""
    orders = [(k,) for k in range(len(part))] if with_gradient else []
    D = path.derivatives(list(part), orders)
    return column(D[()].entries()), [D[order] for order in orders]  # type: ignore[union-attr]  # the point itself is never None


def middles(paths: Sequence[Path], part: Box) -> list[list[float]]:
    """The points at the middle of the part, about."""
    at = tuple(frozen(part, range(len(part))))
    return [[float(x.mid()) for x in _point(path, at, False)[0].entries()] for path in paths]


def _linear(path: Path, n: arb_mat, offset: arb) -> Function:
    """n.P - offset."""

    def f(part: Box, with_gradient: bool) -> tuple[arb, Sequence[arb]]:
        P, D = _point(path, tuple(part), with_gradient)
        return (n.transpose() * P)[0, 0] - offset, [arb(0) if d is None else (n.transpose() * d)[0, 0] for d in D]

    return f


def _distance(path: Path, s: arb_mat, limit: arb) -> Function:
    """|P - s|^2 - limit^2."""

    def f(part: Box, with_gradient: bool) -> tuple[arb, Sequence[arb]]:
        P, D = _point(path, tuple(part), with_gradient)
        return squared(P - s) - limit * limit, [arb(0) if d is None else 2 * ((P - s).transpose() * d)[0, 0] for d in D]

    return f


def choice(paths: Sequence[Path], keeps_in: bool, region: Faces | Solid, grown: arb) -> Choice:
    """The functions that must not be above zero, chosen for each part of the box.

    Inside a convex region: every point of the body, with room for its radius. Outside: one plane for all points of the body, chosen at
    the middle of the part: support(n) + |n| grown <= n.P with n certainly not zero, for which that would say nothing.
    """
    if isinstance(region, Faces):
        faces = [_linear(path, n, offset - grown * squared(n).sqrt()) for n, offset in region.faces for path in paths]
        return lambda part, leaf: faces
    limit = arb(region.radius) - grown
    need(not keeps_in or bool(limit >= 0), "the region is smaller than the body grown by margin")

    def inside(part: Box, leaf: int) -> Sequence[Function]:
        return [_distance(path, _on_axis(region, P), limit) for path, P in zip(paths, middles(paths, part), strict=True)]

    def outside(part: Box, leaf: int) -> Sequence[Function]:
        n = region.direction_to(middles(paths, part))
        need(bool(squared(n) > 0), "no plane: the body's points meet the region's generators at the middle of a part")
        offset = -region.support(n) - grown * squared(n).sqrt()
        return [_linear(path, -n, offset) for path in paths]

    return inside if keeps_in else outside


def _on_axis(solid: Solid, P: Sequence[float]) -> arb_mat:
    """A point of a ball's or capsule's segment, near P."""
    a, b = solid.generators[0], solid.generators[-1]
    length = sum((y - x) ** 2 for x, y in zip(a, b, strict=True))
    t = sum((y - x) * (p - x) for x, y, p in zip(a, b, P, strict=True)) / length if length > 0.0 else 0.0
    return column(a) + (column(b) - column(a)) * arb(min(max(t, 0.0), 1.0))


def check_refuted(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """Id and claim of an `inclusion` that is refuted: a point of the body certainly breaks it somewhere in the inflated limits."""
    id_, what, side, keeps_in, region, paths, grown, (witness,) = _claim(problem, certificate, "witness")
    q_text, weights_text, point_text = fields(witness, "q body_weights region_point")
    q = exact_floats(q_text, problem.n, "q")
    need(all(low <= exactly(x) <= high for x, (low, high) in zip(q, problem.limits, strict=True)), "q: outside the inflated joint limits")
    weights = [rational(w, "body_weights") for w in listed(weights_text, len(paths), len(paths), "body_weights")]
    need(min(weights) >= 0 and sum(weights, fmpq(0)) == 1, "body_weights: not a convex combination")
    P = column([0, 0, 0])
    for path, weight in zip(paths, weights, strict=True):
        P = P + path.at([(x, x) for x in q]) * arb(weight)
    need(point_text is None or not keeps_in, "region_point: expected null")
    if isinstance(region, Solid) and not keeps_in:
        x = exact_floats(point_text, 3, "region_point")
        broken = region.holds(x) and bool(squared(P - column(x)) < grown * grown)
    elif isinstance(region, Faces):
        broken = any(bool((n.transpose() * P)[0, 0] + grown * squared(n).sqrt() > offset) for n, offset in region.faces)
    else:
        broken = bool(region.gap_squared(P) > (arb(region.radius) - grown).max(arb(0)) ** 2)
    need(broken, "witness: the body does not certainly break the constraint there")
    return id_, f"REFUTED: at the witness, within the inflated joint limits, {what} is not {side}"
