"""A tape says exactly what CasADi computes, in one canonical text."""

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.graph import Operation, Tape
from toolkit.models import psm_classic

_NUMPY = {
    "neg": np.negative, "sq": lambda x: x * x, "twice": lambda x: x + x, "sqrt": np.sqrt, "add": np.add, "sub": np.subtract,
    "mul": np.multiply, "div": np.divide, "fabs": np.abs, "fmin": np.fmin, "fmax": np.fmax,
    "sin": lambda x: np.float64(ca.sin(float(x))), "cos": lambda x: np.float64(ca.cos(float(x))),
}  # fmt: skip


def _walk(tape: Tape, inputs: list[np.ndarray]) -> list[np.ndarray]:
    registers: list[np.float64] = []
    for operation in tape.operations:
        if operation.word == "const":
            registers.append(np.float64(operation.value))
        elif operation.word == "input":
            registers.append(inputs[operation.args[0]][operation.args[1]])
        else:
            registers.append(_NUMPY[operation.word](*(registers[arg] for arg in operation.args)))
    return [np.array([registers[k] for k in entries]) for entries in tape.outputs]


def _points() -> ca.Function:
    arm = psm_classic()
    q = ca.SX.sym("q", arm.n)
    return ca.Function("points", [q], [ca.vec(ca.densify(arm.points_sx(q)))])


@given(st.lists(st.floats(-2.0, 2.0), min_size=7, max_size=7))
def test_walking_the_tape_gives_what_casadi_gives_bit_for_bit(q: list[float]) -> None:
    function = _points()
    (walked,) = _walk(Tape.of(function), [np.array(q)])
    assert np.array_equal(walked, np.array(function(q)).ravel())


def test_the_digest_names_every_constant_and_every_operation() -> None:
    x = ca.SX.sym("x", 2)
    tape = Tape.of(ca.Function("f", [x], [ca.vertcat(ca.sin(x[0]) * 0.1, x[1])]))
    assert tape.text.startswith("tape 1\nin 2\nout 2\n") and "const 0x1.999999999999ap-4" in tape.text
    changed = Tape.of(ca.Function("f", [x], [ca.vertcat(ca.sin(x[0]) * np.nextafter(0.1, 1.0), x[1])]))
    other = Tape.of(ca.Function("f", [x], [ca.vertcat(ca.cos(x[0]) * 0.1, x[1])]))
    assert len({tape.digest, changed.digest, other.digest}) == 3


def test_the_same_graph_has_the_same_digest_whatever_its_name() -> None:
    x = ca.SX.sym("x", 2)
    assert Tape.of(ca.Function("f", [x], [x[0] + x[1]])).digest == Tape.of(ca.Function("g", [x], [x[0] + x[1]])).digest


def test_registers_are_written_once_and_read_after() -> None:
    for k, operation in enumerate(Tape.of(_points()).operations):
        if operation.word != "input":
            assert all(0 <= arg < k for arg in operation.args)


def test_what_is_not_dense_finite_and_closed_is_refused() -> None:
    x, p = ca.SX.sym("x", 2), ca.SX.sym("p")
    sparse = ca.SX(2, 1)
    sparse[0] = x[0]
    for output, what in ((sparse, "not dense"), (x[0] * ca.inf, "not finite"), (x[0] * np.nan, "not finite")):
        with pytest.raises(InvalidInput, match=what):
            Tape.of(ca.Function("f", [x], [output]))
    with pytest.raises(InvalidInput, match="free symbols"):
        Tape.of(ca.Function("f", [x], [x[0] * p], {"allow_free": True}))


def test_an_operation_without_a_word_is_refused() -> None:
    x = ca.SX.sym("x")
    with pytest.raises(InvalidInput, match="has no place in a tape"):
        Tape.of(ca.Function("f", [x], [ca.erf(x)]))


def test_an_operation_writes_itself_with_an_exact_constant() -> None:
    assert str(Operation("const", (), 0.1)) == "const 0x1.999999999999ap-4" and str(Operation("add", (3, 4))) == "add 3 4"
