"""Expressions over balls against the same expressions in exact rationals, and a chain without rounding against exact geometry."""

from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.checker.algebra import _polynomial, _symbols, _value
from verification.checker.chain import EYE, Joint, Path, column

NUMBERS = st.fractions(min_value=-50, max_value=50, max_denominator=1000)
LEAVES = st.one_of(NUMBERS.map(str), st.sampled_from(["x", "y"]))
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "*"]), inner, inner).map(list),
        st.tuples(st.just("-"), inner, inner).map(list),
        st.tuples(st.just("^"), inner, st.integers(0, 3)).map(list),
    ),
    max_leaves=8,
)


def exact(e: Any, values: dict[str, Fraction]) -> Fraction:
    if isinstance(e, str):
        return values[e] if e in values else Fraction(e)
    word, a, b = e
    left = exact(a, values)
    if word == "^":
        return left**b
    right = exact(b, values)
    return left + right if word == "+" else left * right if word == "*" else left - right


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, NUMBERS, NUMBERS)
def test_balls_hold_the_rational_and_polynomials_are_it(e: Any, x: Fraction, y: Fraction) -> None:
    expected = exact(e, {"x": x, "y": y})
    wanted = fmpq(expected.numerator, expected.denominator)
    ball = _value(e, {"x": arb(fmpq(x.numerator, x.denominator)), "y": arb(fmpq(y.numerator, y.denominator))}, arb, [0])
    ctx.prec = 400  # `contains` compares with a ball about the rational, which must be far smaller
    try:
        assert ball.contains(wanted)
    finally:
        ctx.prec = 64
    symbols = _symbols(["x", "y"])
    polynomial = _polynomial(e, symbols)
    assert polynomial(fmpq(x.numerator, x.denominator), fmpq(y.numerator, y.denominator)) == wanted


@given(st.tuples(*[st.tuples(st.integers(-64, 64), st.integers(0, 64))] * 3), st.tuples(*[st.integers(-8, 8)] * 3))
def test_slides_add_up_exactly(sides: tuple[tuple[int, int], ...], p: tuple[int, ...]) -> None:
    """Three slides along x, y, z: dyadic numbers, so every enclosure must hold the exact corner, and its ends must be the exact ends."""
    joints = []
    for c in range(3):
        axis = column([float(i == c) for i in range(3)])
        joints.append(Joint(True, EYE, column([0.25, 0.0, -0.5]), c, arb(0.125), arb(1), axis))
    box = [(low / 8, (low + width) / 8) for low, width in sides]
    P = Path(tuple(joints), column([float(x) for x in p])).at(box)
    for i in range(3):
        rest = Fraction(p[i]) + 3 * Fraction(("1/4", "0", "-1/2")[i]) + Fraction(1, 8)
        low, high = (Fraction(side) + rest for side in box[i])
        assert P[i, 0].contains(fmpq(low.numerator, low.denominator)) and P[i, 0].contains(fmpq(high.numerator, high.denominator))
        assert float(P[i, 0].lower()) >= float(low) - 1e-6 and float(P[i, 0].upper()) <= float(high) + 1e-6
