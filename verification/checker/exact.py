"""Exact numbers in text, boxes and their bisection, and the enclosures of sin and cos that everything rests on.

Precision is 64 bits: every operation of Arb encloses its exact result, so a lower precision could only make the checker refuse more.
"""

import base64
import re
from collections.abc import Iterator
from math import gcd
from typing import Any

from flint import arb, ctx, fmpq

from .strict_json import listed, need

ctx.prec = 64
Box = list[tuple[float, float]]
NODES_MAX, LEVELS_MAX, LEAF = 400_000, 120, 255
_FLOAT = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p(?:\+[0-9]{1,2}|-[0-9]{1,4})")
_RATIONAL = re.compile(r"(-?[1-9][0-9]{0,1999}|0)(?:/([1-9][0-9]{0,1999}))?")


def exact_float(text: Any, what: str) -> float:
    """A binary64 number from its canonical hexadecimal text."""
    need(type(text) is str and _FLOAT.fullmatch(text) is not None, f"{what}: expected an exact float such as 0x1.8000000000000p+1")
    value = float.fromhex(text)
    need(value.hex() == text and text != "-0x0.0p+0" and abs(value) < 2.0**64, f"{what}: {text[:40]} is not canonical, or too large")
    return value


def exact_floats(values: Any, count: int, what: str) -> list[float]:
    """A list of `count` exact floats."""
    return [exact_float(value, what) for value in listed(values, count, count, what)]


def rational(text: Any, what: str) -> fmpq:
    """A rational from its canonical text: lowest terms, no denominator 1."""
    match = _RATIONAL.fullmatch(text) if type(text) is str else None
    p, q = (int(match[1]), int(match[2] or 1)) if match else (0, 0)
    need(match is not None and match[2] != "1" and gcd(p, q) == 1, f"{what}: {str(text)[:40]}: expected a rational in lowest terms")
    return fmpq(p, q)


def exactly(value: float) -> fmpq:
    """A float as the rational it is."""
    return fmpq(*value.as_integer_ratio())


def box_of(value: Any, n: int) -> Box:
    """A box of n coordinates, lo <= hi."""
    sides = [exact_floats(side, 2, "box") for side in listed(value, n, n, "box")]
    need(all(low <= high for low, high in sides), "box: lo exceeds hi")
    return [(low, high) for low, high in sides]


def middle(low: float, high: float) -> float:
    """Where a box is split: binary64, low <= middle <= high."""
    return 0.5 * low + 0.5 * high


def halves(box: Box, axis: int) -> tuple[Box, Box]:
    """Both halves of a box along one coordinate; the middle belongs to both."""
    low, high = box[axis]
    split = middle(low, high)
    need(low < split < high, "a box is too thin to be split")
    return [*box[:axis], (low, split), *box[axis + 1 :]], [*box[:axis], (split, high), *box[axis + 1 :]]


def leaves(tree: Any, box: Box) -> Iterator[Box]:
    """The leaves of a bisection tree over the box, in preorder: that they cover the box is how they are made.

    One byte a node, 255 a leaf, else the coordinate to split. Rejects a tree that ends early, has bytes to spare, or is not canonical text.
    """
    need(type(tree) is str and len(tree) <= 4 * NODES_MAX // 3 + 8, "tree: expected base64 text of at most 400 000 nodes")
    try:
        nodes = base64.b64decode(tree, validate=True)
    except ValueError:
        nodes = b""
    need(0 < len(nodes) <= NODES_MAX and base64.b64encode(nodes).decode() == tree, "tree: not canonical base64, empty or too large")
    waiting = [(box, 0)]
    for axis in nodes:
        need(len(waiting) > 0, "tree: bytes after its end")
        part, level = waiting.pop()
        if axis == LEAF:
            yield part
            continue
        need(axis < len(box) and level < LEVELS_MAX, "tree: splits a coordinate that does not exist, or too deep")
        lower, upper = halves(part, axis)
        waiting += [(upper, level + 1), (lower, level + 1)]
    need(not waiting, "tree: ends before the box is covered")


def finite(x: arb) -> arb:
    """x itself; rejects what is not finite, so that nothing unbounded can hide in a later operation."""
    need(x.is_finite(), "an intermediate result is not finite")
    return x


def sine_cosine(low: arb, high: arb, thin: bool) -> tuple[arb, arb]:
    """Enclosures of sin and cos between any points of `low` and `high`: both ends, and 1 or -1 where inside. thin: low is high."""
    (s, c), turns = finite(low).sin_cos(), low.union(finite(high)) / (2 * arb.pi())
    if thin:
        return s, c
    s1, c1 = high.sin_cos()
    s, c = s.union(s1), c.union(c1)
    for sign, quarter in ((1, 0.0), (-1, 0.5)):
        s = s.union(arb(sign)) if (turns - 0.25 - quarter).contains_integer() else s
        c = c.union(arb(sign)) if (turns - quarter).contains_integer() else c
    return s, c
