"""Machine code gives CasADi's bits."""

import math

import casadi as ca
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.graph import BINARY, UNARY, MachineCode, SlidingLeast, Tape, machine_code
from toolkit.models import psm_classic

_x, _y = ca.SX.sym("x"), ca.SX.sym("y")
_EVERY = {
    "neg": -_x, "sq": _x * _x, "twice": 2 * _x, "sqrt": ca.sqrt(_x), "sin": ca.sin(_x), "cos": ca.cos(_x), "tan": ca.tan(_x),
    "asin": ca.asin(_x), "acos": ca.acos(_x), "atan": ca.atan(_x), "exp": ca.exp(_x), "log": ca.log(_x), "sinh": ca.sinh(_x),
    "cosh": ca.cosh(_x), "tanh": ca.tanh(_x), "fabs": ca.fabs(_x), "sign": ca.sign(_x), "inv": 1 / _x, "not": ca.logic_not(_x),
    "add": _x + _y, "sub": _x - _y, "mul": _x * _y, "div": _x / _y, "pow": _x**_y, "atan2": ca.atan2(_x, _y),
    "fmin": ca.fmin(_x, _y), "fmax": ca.fmax(_x, _y), "lt": _x < _y, "le": _x <= _y, "eq": _x == _y, "ne": _x != _y,
    "and": ca.logic_and(_x, _y), "or": ca.logic_or(_x, _y), "if_else_zero": ca.if_else(_x, _y, 0),
}  # fmt: skip
_any_double = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-4.0, 4.0)


def test_every_word_of_a_tape_is_translated() -> None:
    words = {operation.word for expression in _EVERY.values() for operation in Tape.of(ca.Function("f", [_x, _y], [expression])).operations}
    assert words >= UNARY | BINARY


@pytest.mark.parametrize("word", sorted(_EVERY))
@given(pairs=st.lists(st.tuples(_any_double, _any_double), min_size=1, max_size=40))
@example(pairs=[(math.nan, 1.0), (1.0, math.nan), (math.inf, -math.inf), (0.0, 1.0), (1.0, 1.0), (5e-324, 1e308), (-1.0, 0.5)])
def test_each_operation_agrees_with_casadi_bit_for_bit(word: str, pairs: list[tuple[float, float]]) -> None:
    function = ca.Function("f", [_x, _y], [_EVERY[word]])
    x, y = (np.array(column).reshape(-1, 1) for column in zip(*pairs, strict=True))
    z = np.zeros_like(x)
    MachineCode(function, [x, y], [z])(len(pairs))
    expected = np.array([float(function(*pair)) for pair in pairs]).reshape(-1, 1)
    assert np.array_equal(z, expected, equal_nan=True)


def test_an_arm_and_its_jacobian_agree_with_casadi_bit_for_bit_over_rows() -> None:
    arm = psm_classic()
    q = ca.SX.sym("q", arm.n)
    points = ca.vec(ca.densify(arm.points_sx(q)))
    function = ca.Function("f", [q], [points, ca.vec(ca.densify(ca.jacobian(points, q)))])
    configurations = np.random.default_rng(1).uniform(-1.5, 1.5, (50, arm.n))
    outputs = [np.zeros((50, function.numel_out(i))) for i in range(2)]
    MachineCode(function, [configurations], outputs)(50)
    for i in range(2):
        assert np.array_equal(outputs[i], np.array(function.map(50)(configurations.T)[i]).T)


def test_only_the_rows_asked_for_are_written() -> None:
    x, y = np.ones((5, 1)), np.full((5, 1), np.nan)
    code = MachineCode(ca.Function("f", [_x], [_x + 1]), [x], [y])
    code(2)
    assert y[:2].tolist() == [[2.0], [2.0]] and np.isnan(y[2:]).all()
    for rows in (-1, 6):
        with pytest.raises(InvalidInput, match="rows asked for"):
            code(rows)


def test_code_outlives_the_function_it_came_from() -> None:
    x, y = np.array([[2.0]]), np.zeros((1, 1))
    codes = [MachineCode(ca.Function("f", [_x], [_x * float(k)]), [x], [y]) for k in range(300)]
    for k, code in enumerate(codes):
        code(1)
        assert y[0, 0] == 2.0 * k


def test_a_buffer_of_the_wrong_size_type_or_layout_is_refused() -> None:
    function = ca.Function("f", [_x, _y], [_x + _y])
    good = np.zeros((3, 1))
    for bad in (np.zeros((2, 1)), np.zeros((3, 1), dtype=np.float32), np.zeros((6, 1))[::2]):
        with pytest.raises(InvalidInput, match="a buffer of"):
            MachineCode(function, [good, bad], [good])
    with pytest.raises(InvalidInput, match="arrays given"):
        MachineCode(function, [good], [good])


_values = st.floats(-4.0, 4.0) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])


@given(st.lists(st.tuples(_values, _values), min_size=3, max_size=20), st.integers(1, 3))
def test_the_least_over_overlapping_stretches_keeps_nan(rows: list[tuple[float, float]], stretch: int) -> None:
    flat = ca.SX.sym("x", 2 * stretch)
    function = ca.Function("f", [flat], [ca.vertcat(flat[0] - flat[-1], ca.sum1(flat), -flat[1])])
    sequence, least = np.array(rows), np.zeros(3)
    code = SlidingLeast(function, sequence, least)
    assert code.rows == len(rows) - stretch + 1
    each = np.array([np.array(function(sequence[i : i + stretch].ravel())).ravel() for i in range(code.rows)])
    for k in (code.rows, 1):
        code(k)
        assert np.array_equal(least, each[:k].min(axis=0), equal_nan=True)


def test_stretches_that_do_not_fit_their_sequence_are_refused() -> None:
    flat = ca.SX.sym("x", 4)
    function, good = ca.Function("f", [flat], [flat]), np.zeros((5, 2))
    for sequence, least in ((np.zeros((5, 3)), np.zeros(4)), (good, np.zeros(3)), (np.zeros(10), np.zeros(4))):
        with pytest.raises(InvalidInput, match="not one input of whole rows"):
            SlidingLeast(function, sequence, least)
    with pytest.raises(InvalidInput, match="a buffer of"):
        SlidingLeast(function, np.asfortranarray(good), np.zeros(4))
    code = SlidingLeast(function, good, np.zeros(4))
    for rows in (0, -1, 5):
        with pytest.raises(InvalidInput, match=r"least over|rows asked for"):
            code(rows)


@pytest.mark.requirement("SAF-036")
@pytest.mark.parametrize(("table", "word", "wrong"), [("_ARITHMETIC", "sub", "fadd"), ("_INTRINSIC", "fmin", "llvm.maxnum.f64")])
@pytest.mark.parametrize("sliding", [False, True])
def test_a_compiler_that_makes_another_computation_is_found_out(
    table: str, word: str, wrong: str, sliding: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = ca.SX.sym("x", 4)
    function = ca.Function("f", [flat], [ca.vertcat(flat[0] - flat[1], ca.fmin(flat[2], flat[3]))])
    monkeypatch.setattr(machine_code, "_compiled", machine_code._compiled.__wrapped__)
    monkeypatch.setitem(getattr(machine_code, table), word, wrong)
    with pytest.raises(InvalidInput, match="f: the machine code made of it does not compute what it says"):
        if sliding:
            SlidingLeast(function, np.zeros((5, 2)), np.zeros(2))
        else:
            MachineCode(function, [np.zeros((1, 4))], [np.zeros((1, 2))])
