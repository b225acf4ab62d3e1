"""The force rule (guarantee, contact force), and one scalar against damping wall by wall. Rules, exact and for all values of their symbols.

Nothing in the program measures a force yet: what is proved is that the rule would be right, not that something obeys it.
Along the wall's normal, inward positive: x true and y commanded position, at the sample x_s and y_s (the oldest setpoint that may be in
force there), the tissue comes towards the tool by s. F force, F_s at the sample. A1 along the normal: x <= y + e_n, x_s >= y_s - e_n.
"""

import sympy as sp

from .algebra import CombinationTask, IdentityTask
from .obligation import Obligation

FORCE_RULE_ASSUMED = (
    "force rule: only the rule is proved, not a force sensor: nothing in the program measures a force.",
    "tissue law: F - F_s <= k_max advance + b_max u for all F <= F_max: advance the way further in since the sample, u the true speed; "
    "k_max, b_max >= 0.",
    "force sensor: F_s <= F_meas + eps_F.",
    "one scalar, damping: straight motion of a point among half-spaces in one period.",
)
"""What the labels of the obligations below mean."""


def force_rule_obligations() -> list[Obligation]:
    """The rule in three steps, the lemma of one scalar, and what damping wall by wall does in a wedge."""
    return [
        Obligation("algebra.force_rule_step", _STEP, ("force rule",), step_task()),
        Obligation("algebra.force_rule_advance", _ADVANCE, ("A1", "force rule"), advance_task()),
        Obligation("algebra.force_rule", _FORCE, ("force rule", "tissue law", "force sensor"), force_task()),
        Obligation("algebra.one_scalar", _SCALAR, ("one scalar",), one_scalar_task()),
        Obligation("algebra.per_wall_damping", _PER_WALL, ("damping",), per_wall_task()),
    ]


_STEP = (
    "The force rule, the rule and not a force sensor: the sum A of the positive increments since the sample is at least the net advance: "
    "if A >= y - y_s and the next increment is d, then A + max(d, 0) >= y + d - y_s; with A = 0 at y_s, by induction."
)
_ADVANCE = (
    "The force rule, the rule and not a force sensor: the tool gets no deeper into the tissue than A + 2 e_n + s_T since the sample: "
    "x - x_s + s <= A + 2 e_n + s_T."
)
_FORCE = (
    "The force rule, the rule and not a force sensor: if F_meas + eps_F + k_max (A + 2 e_n + s_T) + b_max v_n <= F_max, the force stays "
    "at or below F_max until rest: F <= F_max."
)
_SCALAR = (
    "One scalar for all walls: if a velocity damped by g_i keeps wall i (d_i + g_i c_i >= 0), then damped by any g <= g_i it does too: "
    "d + l g c >= 0 for 0 <= l <= 1. So the smallest g_i keeps every wall."
)
_PER_WALL = (
    "Damping wall by wall is unsafe: at wall 1 of a wedge of 37 degrees (normals (0, 1) and (3/5, -4/5), g_1 = 0, g_2 = 1/2) the velocity "
    "(-1, -1), damped for wall 1 and then for wall 2, goes through wall 1: its distance after t is -6/25 t."
)


def step_task() -> CombinationTask:
    """p: max(d, 0)."""
    A, p, d, y, y_s = sp.symbols("A p d y y_s")
    return CombinationTask("force_rule_step", A + p - (y + d - y_s), (A - (y - y_s), p - d))


def advance_task(tubes: int = 2) -> CombinationTask:
    """tubes: how often e_n is allowed for; once for the sample, once for now."""
    A, e, s_T, x, x_s, y, y_s, s = sp.symbols("A e_n s_T x x_s y y_s s")
    given = (A - (y - y_s), y + e - x, x_s - (y_s - e), s_T - s)
    return CombinationTask("force_rule_advance", A + tubes * e + s_T - (x - x_s + s), given)


def force_task(viscous: int = 1) -> CombinationTask:
    """advance: further in since the sample, at least 0. viscous: 0 for a rule without its last term."""
    F, F_s, F_max, F_meas, eps, A, e, s_T = sp.symbols("F F_s F_max F_meas eps_F A e_n s_T")
    k, b, v, u, advance = sp.symbols("k_max b_max v_n u advance")
    reach = A + 2 * e + s_T
    rule = F_max - (F_meas + eps + k * reach + b * v * viscous)
    given = (rule, F_meas + eps - F_s, F_s + k * advance + b * u - F, k * (reach - advance), b * (v - u))
    return CombinationTask("force_rule", F_max - F, given)


def one_scalar_task(l_max: int = 1) -> CombinationTask:
    """d: distance, c: its change per unit of g, g: a factor that keeps the wall, l g: a smaller one, l <= l_max."""
    d, c, g, share = sp.symbols("d c g l")
    return CombinationTask("one_scalar", d + share * g * c, ((l_max - share) * d, share * (d + g * c)))


def per_wall_task(taken_2: str = "1/2") -> IdentityTask:
    """Wall 1 takes all of its normal component, wall 2 then the share taken_2 of its own: what is left goes into wall 1."""
    n_1, n_2, v = ("0", "1"), ("3/5", "-4/5"), ("-1", "-1")
    after_1 = _damped(v, n_1, "1")
    after_2 = _damped(after_1, n_2, taken_2)
    left = ["*", "t", _dot(after_2, n_1)]
    t = sp.Symbol("t")
    return IdentityTask("per_wall_damping", left, -sp.Rational(6, 25) * t, t * _value(_dot(after_2, n_1)))


Pair = tuple[object, object]


def _dot(a: Pair, b: Pair) -> object:
    return ["+", ["*", a[0], b[0]], ["*", a[1], b[1]]]


def _damped(v: Pair, n: Pair, share: object) -> Pair:
    """v - share (v.n) n: less of what goes into the wall."""
    less = ["*", share, _dot(v, n)]
    return ["-", v[0], ["*", less, n[0]]], ["-", v[1], ["*", less, n[1]]]


def _value(e: object) -> sp.Expr:
    if isinstance(e, list):
        parts = [_value(x) for x in e[1:]]
        return sp.Add(*parts) if e[0] == "+" else sp.Mul(*parts) if e[0] == "*" else parts[0] - parts[1]
    return sp.Rational(e)
