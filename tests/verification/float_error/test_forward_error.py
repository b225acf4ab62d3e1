"""Forward error bounds against the same tapes in 300-bit arithmetic, and what has no bound is refused."""

import casadi as ca
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.reprove.worlds import example
from toolkit import InvalidInput
from toolkit.graph import Tape
from verification.float_error import Register, forward_error, shield_error

pytestmark = pytest.mark.requirement("SAF-060")
HIGH = 300
X = ca.SX.sym("x", 2)
GRAPHS = {
    "sum": X[0] + X[1] - 0.1,
    "cancellation": (X[0] + 1e6) - (0.3 * X[1] + 1e6),
    "product": X[0] * X[1] * 0.3,
    "quotient": X[0] / (X[1] + 3.0),
    "root": ca.sqrt(X[0] * X[0] + 2.0),
    "turn": ca.sin(X[0]) * ca.cos(X[1]) + ca.sin(X[0] * X[1]),
    "absolute": ca.fabs(X[0] - X[1]) + ca.fmax(X[0], 0.3 * X[1]) - ca.fmin(X[0], X[1] * X[1]),
    "twice, squared": 2.0 * X[0] + (X[1] + 0.1) ** 2,
}
WORDS = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b, "neg": lambda a: -a,
    "twice": lambda a: 2 * a, "sq": lambda a: a * a, "sqrt": lambda a: a.sqrt(), "sin": lambda a: a.sin(), "cos": lambda a: a.cos(),
    "fabs": abs, "fmax": lambda a, b: a.max(b), "fmin": lambda a, b: a.min(b),
}  # fmt: skip


def tape_of(graph: ca.SX) -> tuple[Tape, ca.Function]:
    function = ca.Function("f", [X], [ca.densify(graph)])
    return Tape.of(function), function


def really(tape: Tape, x: list[float]) -> arb:
    """The tape's first output in 300 bits."""
    values: list[arb] = []
    for operation in tape.operations:
        if operation.word == "input":
            values.append(arb(x[operation.args[1]]))
        elif operation.word == "const":
            values.append(arb(operation.value))
        else:
            values.append(WORDS[operation.word](*(values[i] for i in operation.args)))
    return values[tape.outputs[0][0]]


@pytest.mark.parametrize("name", GRAPHS)
@given(x=st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=2))
@settings(max_examples=60, deadline=None)
def test_no_executed_value_is_further_off_than_its_bound(name: str, x: list[float]) -> None:
    tape, function = tape_of(GRAPHS[name])
    ((found,),) = forward_error(tape, [[Register(arb(0, 2), arb(0))] * 2])
    executed, before = float(function(x)), ctx.prec
    try:
        ctx.prec = HIGH
        real = really(tape, x)
        assert abs(arb(executed) - real) <= found.error
        assert found.range.contains(real)
    finally:
        ctx.prec = before


def test_the_bound_sees_cancellation_and_errors_of_its_inputs() -> None:
    tape, _ = tape_of(GRAPHS["cancellation"])
    ((found,),) = forward_error(tape, [[Register(arb(0, 2), arb(0))] * 2])
    assert 1e-10 < float(found.error) < 1e-9, "an eta of 1e-12 m would not be within it"
    ((off,),) = forward_error(tape, [[Register(arb(0, 2), arb(1e-3))] * 2])
    assert float(off.error) >= 1e-3


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (X[0] / X[1], "divisor that may be zero"),
        (ca.sqrt(X[0]), "root of what may be zero"),
        (ca.exp(X[0]), "no rule for exp"),
        (ca.if_else(X[0] > 0, X[1], 0), "no rule"),
        (X[0] * 1e300 * (X[1] * 1e300), "not bounded"),
    ],
)
def test_what_has_no_bound_is_refused(graph: ca.SX, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        forward_error(tape_of(graph)[0], [[Register(arb(0, 2), arb(0))] * 2])
    with pytest.raises(InvalidInput, match="entries"):
        forward_error(tape_of(X[0] + 1.0)[0], [[Register(arb(0, 2), arb(0))]])


def test_the_shields_rounding_is_far_below_the_stated_eta_and_above_what_is_seen() -> None:
    a, e = example(), example().tube.e
    bound = shield_error(a.arm, a.lower - e, a.upper + e, a.profile.tick_map, a.tube, a.profile.command_class, a.shield.K)
    assert set(bound.reach) == set(a.arm.point_names)
    assert 1e-16 < bound.points < 1e-13 and 1e-15 < bound.largest_m < 1e-12 < a.procedure.assumptions.A6.float_error_m
    wide = shield_error(a.arm, 1e6 * a.lower, 1e6 * a.upper, a.profile.tick_map, a.tube, a.profile.command_class, a.shield.K)
    assert wide.largest_m > 1e-10, "a larger box rounds more"
