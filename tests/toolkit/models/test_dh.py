from math import pi

import casadi as ca
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.models import DhRow, JointKind, modified_dh_chain, standard_dh_chain
from toolkit.models.graph import frames_sx, matrix_sx, vector_sx

angle, length = st.floats(-pi, pi), st.floats(-1, 1)
row = st.tuples(st.sampled_from(list(JointKind)), angle, length, angle, length, length)
tables = st.lists(row, min_size=1, max_size=5)


def elementary(axis, turn, slide):
    T = np.eye(4)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    T[i, i] = T[j, j] = np.cos(turn)
    T[i, j], T[j, i] = -np.sin(turn), np.sin(turn)
    T[axis, 3] = slide
    return T


def product(table, q, standard):
    T = np.eye(4)
    for (kind, alpha, a, theta, d, offset), value in zip(table, q, strict=True):
        slides = kind is JointKind.PRISMATIC
        along_z = elementary(2, theta + (0 if slides else value + offset), d + (value + offset if slides else 0))
        along_x = elementary(0, alpha, a)
        T = T @ (along_z @ along_x if standard else along_x @ along_z)
    return T


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(0, 2**32 - 1), st.booleans())
def test_both_conventions_give_the_product_of_elementary_transforms(table, seed, standard):
    rows = [DhRow(str(i), *r) for i, r in enumerate(table)]
    joints, tip = standard_dh_chain(rows) if standard else (modified_dh_chain(rows), None)
    value = np.random.default_rng(seed).uniform(-2, 2, len(rows))
    q = ca.SX.sym("q", len(rows))
    R, p = frames_sx(joints, q)[-1]
    if tip is not None:
        R, p = R @ matrix_sx(tip.R), p + R @ vector_sx(tip.p_m)
    R, p = ca.Function("f", [q], [R, p])(value)
    expected = product(table, value, standard)
    assert np.abs(np.array(R) - expected[:3, :3]).max() < 1e-12
    assert np.abs(np.array(p).ravel() - expected[:3, 3]).max() < 1e-12
