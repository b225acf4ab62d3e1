"""Exact text, exact cover, and enclosures of sin and cos against 300-bit arithmetic."""

import base64
import math
from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.checker.exact import Box, box_of, exact_float, leaves, rational, sine_cosine
from verification.checker.strict_json import RejectedError

FLOATS = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)


@given(FLOATS)
def test_canonical_floats_are_read_exactly(x: float) -> None:
    x += 0.0  # no negative zero
    assert exact_float(x.hex(), "x") == x


@pytest.mark.parametrize(
    "text",
    ["0x1.8p+1", "0X1.8000000000000P+1", "+0x1.8000000000000p+1", " 0x1.8000000000000p+1", "0x1.8000000000000p+1\n",
     "0x1.80000000000000p+1",
     "0x0.8000000000000p+1", "-0x0.0p+0", "0x0.0p+1", "nan", "inf", "1.5", "0x1.0000000000000p+64", "0x1.0000000000000p+9999",
     "0x1.0000000000000p-9999", 1.5, 1, None, True, ["0x0.0p+0"], "\uff10x0.0p+0", "0x1.8000000000000p+01"],
)  # fmt: skip
def test_other_spellings_of_floats_are_rejected(text: object) -> None:
    with pytest.raises(RejectedError):
        exact_float(text, "x")


@given(st.fractions())
def test_rationals_are_read_exactly(x: Fraction) -> None:
    read = rational(str(x), "x")
    assert (int(read.p), int(read.q)) == (x.numerator, x.denominator)


@pytest.mark.parametrize("text", ["2/4", "1/1", "-0", "+1", "1/0", "1/-2", "01", "1.5", "", " 1", "1" * 2001, "\u0661", 1, None])
def test_other_spellings_of_rationals_are_rejected(text: object) -> None:
    with pytest.raises(RejectedError):
        rational(text, "x")


def test_a_box_has_its_ends_in_order() -> None:
    one, two = (1.0).hex(), (2.0).hex()
    assert box_of([[one, two], [one, one]], 2) == [(1.0, 2.0), (1.0, 1.0)]
    for wrong in ([[two, one]], [[one]], [[one, two, two]], [one, two], [], [[one, two]] * 2, {}, [["nan", one]]):
        with pytest.raises(RejectedError):
            box_of(wrong, 1)


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    """Preorder bytes of a full binary tree over three coordinates."""
    nodes, waiting = bytearray(), 1
    while waiting:
        leaf = len(nodes) > 40 or draw(st.booleans())
        nodes.append(255 if leaf else draw(st.integers(0, 2)))
        waiting += -1 if leaf else 1
    return bytes(nodes)


def volume(box: Box) -> Fraction:
    return math.prod((Fraction(high) - Fraction(low) for low, high in box), start=Fraction(1))


@given(trees(), st.lists(st.tuples(st.floats(-4, 4), st.floats(0.01, 4)), min_size=3, max_size=3))
def test_leaves_cover_the_box_exactly(tree: bytes, sides: list[tuple[float, float]]) -> None:
    box = [(low, low + width) for low, width in sides]
    parts = list(leaves(base64.b64encode(tree).decode(), box))
    assert len(parts) == tree.count(255)
    assert sum((volume(part) for part in parts), Fraction(0)) == volume(box)
    assert all(low <= a < b <= high for part in parts for (a, b), (low, high) in zip(part, box, strict=True))


@given(trees())
def test_a_tree_off_by_one_node_is_rejected(tree: bytes) -> None:
    box = [(0.0, 1.0)] * 3
    for forged in (tree[:-1], tree + b"\xff", tree[1:] if tree[0] != 255 else b""):
        with pytest.raises(RejectedError):
            list(leaves(base64.b64encode(forged).decode(), box))


@pytest.mark.parametrize("text", ["", "/w", "/w==\n", " /w==", "/x==", "!!!!", "/w=", 255, None, "A" * 600_000, "AP//" + "\u00e9"])
def test_a_tree_in_another_encoding_is_rejected(text: object) -> None:
    with pytest.raises(RejectedError):
        list(leaves(text, [(0.0, 1.0)] * 3))


def test_degenerate_and_unknown_coordinates_are_not_split() -> None:
    for box, axis in (([(1.0, 1.0)], 0), ([(0.0, 1.0)], 1), ([(1.0, math.nextafter(1.0, 2.0))], 0)):
        with pytest.raises(RejectedError):
            list(leaves(base64.b64encode(bytes([axis, 255, 255])).decode(), box))


@settings(max_examples=400)
@given(st.floats(-30, 30), st.one_of(st.just(0.0), st.floats(0, 1e-9), st.floats(0, 8)), st.floats(0, 1), st.sampled_from([0, 1, 2, 3]))
def test_sine_and_cosine_are_enclosed(low: float, width: float, share: float, quarter: int) -> None:
    if share < 0.3:
        low = quarter * math.pi / 2 - width * share  # an extremum just inside, or just at an end
    high = low + width
    s, c = sine_cosine(arb(low), arb(high), low == high)
    x = min(max(low + share * width, low), high)
    ctx.prec = 4_000  # the reference is itself an interval: around 1e-45 it must still be narrower than what it is compared with
    try:
        assert s.overlaps(arb(x).sin()) and c.overlaps(arb(x).cos())
        assert s.contains(arb(x).sin()) and c.contains(arb(x).cos())
    finally:
        ctx.prec = 64
    assert not bool(s.upper() > 1.0001) and not bool(s.lower() < -1.0001)
