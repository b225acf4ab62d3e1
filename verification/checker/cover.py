"""Showing that functions stay at or below zero over the leaves of a tree, bisecting further where an enclosure is too large."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from flint import arb

from .chain import frozen
from .exact import Box, finite, halves, leaves
from .strict_json import need

LEVELS_MORE = 14
Function: TypeAlias = Callable[[Box, bool], tuple[arb, Sequence[arb]]]
"""f(box, with gradient) -> enclosures over the box of the value and of its partial derivatives (empty if not asked for, or unknown)."""


def check_tree(tree: Any, box: Box, functions: Callable[[Box, int], Sequence[Function]]) -> int:
    """Reject unless every function is <= 0 over every leaf; how many leaves there are.

    functions(part, leaf): chosen anew for a part of a leaf (a separating plane, for example): whatever is chosen must suffice there. A
    certificate that needs more boxes than the budget is rejected, not waited for.
    """
    parts = list(leaves(tree, box))
    budget = 8 * len(parts) + 20_000
    for leaf, part in enumerate(parts):
        waiting = [(part, 0)]
        while waiting:
            piece, level = waiting.pop()
            budget -= 1
            need(budget >= 0, "the tree is too coarse: bisecting it further would exceed the budget")
            failed = next((f for f in functions(piece, leaf) if not at_most_zero(f, piece)), None)
            if failed is not None:
                need(level < LEVELS_MORE, f"not shown over a leaf: {[f'[{low:.6g}, {high:.6g}]' for low, high in part]}")
                waiting += [(half, level + 1) for half in halves(piece, widest(failed, piece))]
    return len(parts)


def at_most_zero(f: Function, box: Box) -> bool:
    """Whether the enclosures show f <= 0 over the box: directly, or by the mean value after moving to an end where f is monotone."""
    value, gradient = f(box, True)
    if finite(value) <= 0 or not gradient:
        return bool(value <= 0)
    box = [(high,) * 2 if g >= 0 else (low,) * 2 if g <= 0 else (low, high) for (low, high), g in zip(box, gradient, strict=True)]
    at = frozen(box, range(len(box)))
    bound, _ = f(at, False)
    for g, (low, high), (c, _) in zip(gradient, box, at, strict=True):
        if low < high:
            bound += finite(g).abs_upper() * (arb(high) - arb(c)).max(arb(c) - arb(low))
    return bool(finite(bound) <= 0)


def widest(f: Function, box: Box) -> int:
    """The coordinate along which f may vary most; any choice would be sound."""
    gradient = f(box, True)[1] or [arb(1)] * len(box)
    return max(range(len(box)), key=lambda j: (float(gradient[j].abs_upper()) * (box[j][1] - box[j][0]), box[j][1] - box[j][0]))
