"""Bounds on second derivatives of a body point, or of the remote centre's offset from the shaft."""

from collections.abc import Sequence
from typing import Any

from flint import arb

from .chain import Order, Path, squared
from .cover import Function, check_tree
from .exact import Box, box_of, exact_float
from .problem import Problem
from .strict_json import fields, listed, need

RIGID = arb(1) + arb(2) ** -25
"""Constants are rotations to 1e-11 only: the motions dropped in front, at most some 60, may stretch a square by less than this."""


def check(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """Id and claim of a `second_derivative_bound` that holds."""
    function, box_text, bounds = fields(certificate, "function box bounds")
    path, box = path_of(problem, function), problem.covered_by(box_of(box_text, problem.n))
    pairs = [(j, k) for j in range(problem.n) for k in range(j, problem.n)]
    count, largest = 0, 0.0
    for pair, entry in zip(pairs, listed(bounds, len(pairs), len(pairs), "bounds"), strict=True):
        j, k, bound_text, rule, tree = fields(entry, "j l bound rule tree")
        need(type(j) is int and type(k) is int and (j, k) == pair, f"bounds: expected the pair {pair} here")
        bound = exact_float(bound_text, "bound")
        need(bound >= 0 and rule in ("direct", "outer"), "bounds: below zero, or an unknown rule")
        f, part = excess(path, pair, bound, rule, box)
        count += check_tree(tree, part, lambda piece, leaf, f=f: [f])  # type: ignore[misc]  # a default binds f now, not later
        largest = max(largest, bound)
    name = function.removeprefix("point:")
    return f"K.{name}", f"|d2 {name} / dq_j dq_l| <= K_jl over the inflated joint limits, largest K {largest:.4g}, {count} leaves"


def path_of(problem: Problem, function: Any) -> Path:
    """The chain whose end is to be differentiated."""
    if function == "rcm_offset" and problem.model.centre is not None:
        to_shaft, centre = problem.model.centre
        return to_shaft.reversed(centre)
    known = {f"point:{point}": path for point, path in problem.model.points.items()}
    need(type(function) is str and function in known, "function: expected point:NAME, or rcm_offset where there is a remote centre")
    return known[function]


def excess(path: Path, pair: Order, bound: float, rule: str, box: Box) -> tuple[Function, Box]:
    """factor |D|^2 - K^2 with D the derivative, or the one that bounds it, and the box over which it must not be above zero."""
    order, factor = (pair, RIGID) if rule == "direct" else _outer(path, pair)
    rest, box = path.from_first(order, box)
    active = sorted({joint.coordinate for joint in rest.joints if box[joint.coordinate][0] < box[joint.coordinate][1]})

    def f(part: Box, with_gradient: bool) -> tuple[arb, Sequence[arb]]:
        higher = {k: tuple(sorted((*order, k))) for k in active} if with_gradient else {}
        found = rest.derivatives(part, [order, *higher.values()])
        D, gradient = found[order], [arb(0)] * len(part)
        for k in higher:
            d = found[higher[k]]
            if D is not None and d is not None:
                gradient[k] = 2 * factor * (D.transpose() * d)[0, 0]
        return (arb(0) if D is None else squared(D) * factor) - arb(bound) * arb(bound), gradient

    return f, box


def _outer(path: Path, pair: Order) -> tuple[Order, arb]:
    """|d2P / dq_j dq_l| <= |gain_j| |dP / dq_l| where j turns one joint about a unit axis, outside the one joint that l moves.

    The derivative is then gain_j a x (what lies behind), and |a x v| <= |v|. A joint j that slides has the derivative zero.
    """
    places = [[i for i, joint in enumerate(path.joints) if joint.coordinate == c] for c in pair]
    need(pair[0] != pair[1] and all(len(place) == 1 for place in places), "rule outer: each coordinate must move one joint of the path")
    (outer,), (inner,) = sorted(places)
    gain = arb(0) if path.joints[outer].slides else path.joints[outer].gain
    return (path.joints[inner].coordinate,), gain * gain * RIGID
