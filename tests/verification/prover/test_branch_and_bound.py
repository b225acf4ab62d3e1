"""Bisection: the tree's leaves cover the box, twice the same, and limits end in no tree."""

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import InvalidInput
from verification.prover.branch_and_bound import Limits, bisect
from verification.prover.leaf_test import LeafTest
from verification.prover.tree import LEAF, Tree

LOWER, UPPER = np.array([-1.0, -2.0]), np.array([2.0, 1.5])


def bumpy(room: float) -> LeafTest:
    q = ca.SX.sym("q", 2)
    return LeafTest(q, q[0] * (1.0 - q[0]) + q[1] * (0.5 - q[1]) - 0.3125 - room, "numpy")


def test_leaves_cover_the_box_without_overlap_and_each_passes() -> None:
    found = bisect(bumpy(0.01), LOWER, UPPER)
    assert found.tree is not None and found.tree.leaves > 10
    low, high = found.tree.boxes(LOWER, UPPER)
    assert np.isclose((high - low).prod(axis=1).sum(), (UPPER - LOWER).prod(), rtol=1e-12)
    points = np.random.default_rng(0).uniform(LOWER, UPPER, (300, 2))
    inside = ((low[None] <= points[:, None]) & (points[:, None] < high[None])).all(axis=2)
    assert (inside.sum(axis=1) == 1).all()
    assert bumpy(0.01)(low, high)[0].all()


def test_the_same_question_gives_the_same_tree() -> None:
    first, second = bisect(bumpy(0.003), LOWER, UPPER), bisect(bumpy(0.003), LOWER, UPPER)
    assert first.tree is not None and first.tree == second.tree


@pytest.mark.parametrize("limits", [Limits(seconds=0.0), Limits(boxes=50), Limits(nodes=50)])
def test_a_limit_ends_without_a_tree_and_says_which(limits: Limits) -> None:
    found = bisect(bumpy(1e-4), LOWER, UPPER, limits)
    assert found.tree is None and "not decided within" in found.reason


def test_what_is_false_ends_without_a_tree() -> None:
    assert bisect(bumpy(-1e-9), LOWER, UPPER, Limits(seconds=2.0)).tree is None


@pytest.mark.parametrize("upper", [[np.nan, 1.0], [np.inf, 1.0], [-2.0, 1.0]])
def test_an_empty_or_unbounded_box_is_refused(upper: list[float]) -> None:
    with pytest.raises(InvalidInput, match="bounded and not empty"):
        bisect(bumpy(1.0), LOWER, np.array(upper))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_tree_survives_its_text(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, open_ = bytearray(), 1
    while open_:
        leaf = open_ > 30 or rng.random() < 0.5
        nodes.append(LEAF if leaf else int(rng.integers(2)))
        open_ += -1 if leaf else 1
    tree = Tree(bytes(nodes))
    low, high = tree.boxes(LOWER, UPPER)
    assert len(low) == tree.leaves and np.isclose((high - low).prod(axis=1).sum(), (UPPER - LOWER).prod())
