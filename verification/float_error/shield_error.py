"""The float error of the shield's window check over the inflated joint limits, to be compared with the stated eta.

For a body point P, a plane n and half-ranges r the check evaluates
    c = M ((lo + hi) / 2 - zero),  r = |M| (hi - lo) / 2 + e,  n.P(c) + sum_j |n.J_j(c)| r_j + 1/2 sum_jl K_jl r_j r_l + added
Bounded here: the difference between what is executed and the real value of the same expression, over all joints within the limits grown
by e, all half-ranges of the command class, and all n whose entries are at most 1. A plane needs no error bound of its own: the doubles of n
*are* the plane. Of a keep-out region |n| >= 1/2 is assumed, which holds of every plane that separates anything from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import casadi as ca
import numpy as np
from flint import arb

from safety.batch_function import ArmGraph
from safety.window_check import BodyGraph
from toolkit import CommandClass, FloatArray, TickMap, Tube
from toolkit.graph import Tape

from .forward_error import Register, forward_error


@dataclass(frozen=True)
class ShieldError:
    """Upper bounds. joints: of c, [rad] or [m]. points, derivatives: of any entry of P and J. reach: of the whole expression, by point, [m]."""

    joints: float
    points: float
    derivatives: float
    reach: dict[str, float]

    @property
    def largest_m(self) -> float:
        """Of any point."""
        return max(self.reach.values())


def shield_error(
    arm: ArmGraph, lower: FloatArray, upper: FloatArray, tick_map: TickMap, tube: Tube, command_class: CommandClass, K: FloatArray
) -> ShieldError:
    """Analyse the expressions of the window check.

    Args:
        lower, upper: joint limits grown by e, (n,). K: the shield's bounds, (points, n, n).
    Raises:
        InvalidInput: an operation without a rule, or a range that is not bounded: nothing is known then.
    """
    centre, half = _boxes(lower, upper, tick_map, tube, command_class)
    graph = BodyGraph.of(arm)
    P, J = ca.vertcat(*graph.P.values()), ca.vertcat(*(ca.vec(x) for x in graph.J.values()))
    points, derivatives = forward_error(Tape.of(ca.Function("points", [graph.q], ca.cse([P, J]))), [centre])
    reach = {name: _reach(graph, name, K[i], centre, half) for i, name in enumerate(arm.point_names)}
    return ShieldError(_largest(centre), _largest(points), _largest(derivatives), reach)


def _boxes(
    lower: FloatArray, upper: FloatArray, tick_map: TickMap, tube: Tube, command_class: CommandClass
) -> tuple[list[Register], list[Register]]:
    """Ranges and errors of c and r: the errors by analysing the map from ticks, the range of c from the joint limits.

    Setpoints are whole and below 2^31, so their sums and halves are exact; a hull is as long as a servo gets in w periods.
    """
    n = tube.e.shape[0]
    lo, hi = ca.SX.sym("lo", n), ca.SX.sym("hi", n)
    M, zero = ca.SX(tick_map.M), ca.SX(tick_map.ticks_zero.astype(np.float64))
    c = ca.SX(tick_map.q_zero) + ca.mtimes(M, (lo + hi) * 0.5 - zero)
    inverse = np.abs(np.linalg.inv(tick_map.M))
    most = inverse @ np.maximum(np.abs(lower), np.abs(upper)) * 1.001 + np.abs(tick_map.ticks_zero) + 1.0
    ticks = [Register(arb(0, float(x)), arb(0)) for x in most]
    (mapped,) = forward_error(Tape.of(ca.Function("c", [lo, hi], [ca.densify(c)])), [ticks, ticks])
    centre = [Register(arb(a).union(arb(b)), found.error) for a, b, found in zip(lower, upper, mapped, strict=True)]
    length = ca.SX.sym("length", n)
    r = ca.mtimes(ca.SX(tick_map.abs_M), length * 0.5) + ca.SX(tube.e)
    lengths = [Register(arb(0).union(arb(float(v) * tube.window)), arb(0)) for v in command_class.v_ticks]
    (half,) = forward_error(Tape.of(ca.Function("r", [length], [ca.densify(r)])), [lengths])
    return centre, half


def _reach(graph: BodyGraph, point: str, K: FloatArray, centre: Sequence[Register], half: Sequence[Register]) -> float:
    """Of offset - radius - n.P - sum |n.J_j| r_j - 1/2 r'Kr - added, with |offset|, radius and added up to 1 m."""
    n, r, rest = ca.SX.sym("n", 3), ca.SX.sym("r", len(half)), ca.SX.sym("rest", 3)
    first = ca.dot(n, graph.P[point]) + ca.dot(ca.fabs(ca.mtimes(n.T, graph.J[point])).T, r)
    fixed = 0.5 * ca.dot(r, ca.mtimes(ca.SX(K), r)) + rest[2]
    slack = rest[0] - rest[1] - first - fixed
    tape = Tape.of(ca.Function("slack", [graph.q, n, r, rest], ca.cse([ca.densify(slack)])))
    unit, offset = [Register(arb(0, 1), arb(0))] * 3, Register(arb(0, 1), arb(2) ** -48)  # support(n) of a region takes a few roundings
    (found,) = forward_error(tape, [centre, unit, half, [offset] * 3])
    return _largest(found)


def _largest(registers: Sequence[Register]) -> float:
    return max(float(np.nextafter(float(one.error.upper()), np.inf)) for one in registers)
