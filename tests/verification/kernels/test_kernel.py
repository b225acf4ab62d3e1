"""Kernels on whole tapes: containment, poison, the cache, and what happens without a compiler."""

import platform
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import casadi as ca
import flint
import numpy as np
import pytest

from toolkit import FloatArray, InvalidInput, SolverFailure
from toolkit.graph import Tape
from toolkit.models import SerialArm, psm_classic, versius_like
from verification.kernels import AutomaticKernel, CompiledKernel, NumpyKernel, c_kernel, make_kernel, rounding
from verification.kernels.kernel import WORK_WORTH_COMPILING
from verification.kernels.trigonometry import COSINE_TERMS, HALF_PI_PARTS, SINE_TERMS

ARB: dict[str, Callable[..., flint.arb]] = {
    "neg": lambda a: -a, "sq": lambda a: a * a, "twice": lambda a: a + a, "sin": lambda a: a.sin(), "cos": lambda a: a.cos(),
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
}  # fmt: skip


def tape_of(*outputs: ca.SX, x: ca.SX) -> Tape:
    return Tape.of(ca.Function("f", [x], ca.cse([ca.densify(ca.vec(y)) for y in outputs])))


def kinematics(arm: SerialArm) -> Tape:
    q = ca.SX.sym("q", arm.n)
    P = ca.vec(arm.points_sx(q))
    return tape_of(P, ca.jacobian(P, q), x=q)


def in_arb(tape: Tape, x: FloatArray) -> list[flint.arb]:
    values: list[flint.arb] = []
    for operation in tape.operations:
        if operation.word == "const":
            values.append(flint.arb(operation.value))
        elif operation.word == "input":
            values.append(flint.arb(float(x[operation.args[1]])))
        else:
            values.append(ARB[operation.word](*(values[a] for a in operation.args)))
    return [values[k] for entries in tape.outputs for k in entries]


@pytest.mark.parametrize("arm", [psm_classic(), versius_like()], ids=lambda arm: arm.name)
def test_kinematics_and_their_jacobian_over_boxes_contain_arb_at_points(arm: SerialArm) -> None:
    tape, rng = kinematics(arm), np.random.default_rng(0)
    centre = rng.uniform(arm.limits.lower, arm.limits.upper, (200, arm.n))
    width = rng.choice([0.0, 1e-9, 1e-2, 0.5], (200, 1)) * np.ones(arm.n)
    low, high = NumpyKernel(tape)(centre - width, centre + width)
    before, flint.ctx.prec = flint.ctx.prec, 200
    try:
        inner = centre + width * rng.uniform(-1.0, 1.0, centre.shape)
        for k, x in enumerate(np.clip(inner, centre - width, centre + width)):
            for value, a, b in zip(in_arb(tape, x), low[k].tolist(), high[k].tolist(), strict=True):
                assert value >= flint.arb(a) and value <= flint.arb(b)
    finally:
        flint.ctx.prec = before
    assert (high - low)[width[:, 0] == 0.0].max() < 1e-12


@pytest.mark.parametrize("make", [NumpyKernel, CompiledKernel])
def test_what_is_not_finite_on_the_way_poisons_every_output(
    make: type[NumpyKernel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIMUM_CACHE", str(tmp_path))
    x = ca.SX.sym("x", 2)
    hidden = {
        "a division by a box around zero under a maximum": ca.fmax(1.0, 1.0 / x[0]),
        "an overflow under a minimum": ca.fmin(1.0, (x[0] + 2.0) * 1.7e308),
        "a reciprocal of an overflow": 1.0 / ((x[0] + 2.0) * 1.7e308),
        "the root of a negative number under a maximum": ca.fmax(3.0, ca.sqrt(x[0] - 5.0)),
        "the sine of an overflow": ca.sin((x[0] + 2.0) * 1.7e308),
    }
    box = np.array([[-1.0, 0.0]]), np.array([[1.0, 1.0]])
    for what, y in hidden.items():
        low, high = make(tape_of(y, x[1], x=x))(*box)
        assert np.isnan(low).all() and np.isnan(high).all(), what
    low, high = make(tape_of(ca.fmax(1.0, x[0]), x[1], x=x))(*box)
    assert low.tolist() == [[1.0, 0.0]] and high.tolist() == [[1.0, 1.0]]
    for bad in (np.nan, np.inf, 2.0):
        low, _ = make(tape_of(x[1], x=x))(np.array([[bad, 0.0]]), box[1])
        assert np.isnan(low).all(), "an end that is not finite, or a box upside down"


def test_sharp_where_it_matters() -> None:
    x = ca.SX.sym("x", 1)
    kernel = NumpyKernel(tape_of(ca.sin(x), ca.cos(x), ca.sqrt(x * x), x - x * x, x=x))
    low, high = kernel(np.array([[-1.0]]), np.array([[2.0]]))
    assert low[0, :3] == pytest.approx([np.sin(-1.0), np.cos(2.0), 0.0], abs=1e-14)
    assert high[0, :3] == pytest.approx([1.0, 1.0, 2.0], abs=1e-14) and high[0, 0] == 1.0


def test_the_constants_of_the_reduction_are_what_the_proof_says() -> None:
    before, flint.ctx.prec = flint.ctx.prec, 300
    try:
        rest = flint.arb.pi() / 2 - sum((flint.arb(p) for p in HALF_PI_PARTS), flint.arb(0))
        assert abs(rest) < flint.arb(2) ** -118
        for part in HALF_PI_PARTS[:2]:
            assert float(part).hex().rstrip("0").split("p")[0][4:].rstrip("0").__len__() <= 8, "33 bits: eight hex digits after the point"
        r = flint.arb(float.fromhex("0x1.922p-1"))  # 0.7854 and a little
        assert r**19 / flint.arb(19).fac() < flint.arb(1e-19) and 32 * flint.arb(2) ** -53 * r.cosh() < flint.arb(4.9e-15)
        sine = sum((flint.arb(t) * r ** (2 * k + 3) for k, t in enumerate(SINE_TERMS)), r)
        cosine = sum((flint.arb(t) * r ** (2 * k + 2) for k, t in enumerate(COSINE_TERMS)), flint.arb(1))
        assert abs(sine - r.sin()) < flint.arb(1e-16) and abs(cosine - r.cos()) < flint.arb(1e-16)
    finally:
        flint.ctx.prec = before


def test_inflation_reaches_the_next_float_everywhere() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**63, 200_000, dtype=np.int64) * rng.choice([1, 2**63 - 1], 200_000)
    x = bits.view(np.float64)
    edges = [0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1022), 2.0**-970, 1.0, -1.0, 1.7976931348623157e308]
    x = np.concatenate([x[np.isfinite(x)], edges])
    normal = np.abs(x) >= 2.0**-1022
    with np.errstate(over="ignore"):
        above = np.nextafter(x, np.inf)
        assert (rounding.outward(x.copy()) >= above).all()
        assert (rounding.outward_sum(x[normal]) >= above[normal]).all()


def test_an_operation_without_enclosure_is_refused_by_name() -> None:
    x = ca.SX.sym("x", 2)
    for y, word in ((ca.exp(x[0]), "exp"), (ca.if_else(x[0] > 0, x[1], 0.0), "lt")):
        with pytest.raises(InvalidInput, match=word):
            NumpyKernel(tape_of(y, x=x))
    with pytest.raises(InvalidInput, match="whole powers"):
        NumpyKernel(tape_of(x[0] ** x[1], x=x))


def test_wrong_shapes_are_refused() -> None:
    x = ca.SX.sym("x", 2)
    kernel = NumpyKernel(tape_of(x[0], x=x))
    with pytest.raises(InvalidInput, match="expected"):
        kernel(np.zeros((3, 1)), np.zeros((3, 2)))
    assert kernel(np.zeros((0, 2)), np.zeros((0, 2)))[0].shape == (0, 1)


def after_much_work(tape: Tape, cache: Path) -> tuple[str, str]:
    kernel = AutomaticKernel(tape, cache)
    box = np.zeros((2, kernel.n_inputs)), np.ones((2, kernel.n_inputs))
    before = kernel(*box)
    assert kernel.name == "numpy", "nothing is compiled for a few boxes"
    kernel._work = WORK_WORTH_COMPILING
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, kernel(*box), strict=True))
    return kernel.name, kernel.note


def test_without_a_compiler_numpy_is_used_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = kinematics(psm_classic())
    monkeypatch.setattr(c_kernel, "compiler", lambda: None)
    name, why = after_much_work(tape, tmp_path)
    assert name == "numpy" and "no C compiler" in why
    with pytest.raises(SolverFailure, match="no C compiler"):
        make_kernel(tape, "C", tmp_path)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_compiler_that_fails_or_lies_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = ca.SX.sym("x", 1)
    tape = tape_of(x * x + 1.0, x=x)
    real = c_kernel.compiler()
    assert real is not None
    failing = script(tmp_path / "failing", 'if [ "$1" = --version ]; then echo one; else echo "internal error" >&2; exit 1; fi')
    weaken = 'for word in "$@"; do case "$word" in *.c) sed -i "s/ULP;/0.0;/" "$word";; esac; done'
    lying = script(tmp_path / "lying", f'if [ "$1" = --version ]; then echo two; else {weaken}; exec {real} "$@"; fi')
    for path, what in ((failing, "internal error"), (lying, "differ")):
        monkeypatch.setattr(c_kernel, "compiler", lambda path=path: path)
        name, why = after_much_work(tape, tmp_path / "cache")
        assert name == "numpy" and what in why


@pytest.mark.parametrize("damage", [b"", b"not a library", None])
def test_a_damaged_library_in_the_cache_is_built_again(damage: bytes | None, tmp_path: Path) -> None:
    x = ca.SX.sym("x", 1)
    tape = tape_of(ca.cos(x) - 0.7, x=x)
    CompiledKernel(tape, tmp_path)
    (library,) = tmp_path.glob("*.so")
    code = library.read_bytes()
    library.unlink()  # never in place: this process has it mapped
    library.write_bytes(code[:4000] + b"?" + code[4001:] if damage is None else damage)
    assert after_much_work(tape, tmp_path) == ("C", "")
    assert library.read_bytes()[:4] == b"\x7fELF"


def test_many_builds_of_one_tape_at_once_leave_one_whole_library(tmp_path: Path) -> None:
    x = ca.SX.sym("x", 1)
    tape = tape_of(ca.sin(x) * 0.3, x=x)
    with ThreadPoolExecutor(6) as pool:
        kernels = list(pool.map(lambda _: CompiledKernel(tape, tmp_path), range(6)))
    assert len(list(tmp_path.iterdir())) == 1
    assert len({float(kernel(np.zeros((1, 1)), np.ones((1, 1)))[1][0, 0]).hex() for kernel in kernels}) == 1


def test_a_read_only_cache_costs_speed_only(tmp_path: Path) -> None:
    x = ca.SX.sym("x", 1)
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    name, why = after_much_work(tape_of(x * 2.5, x=x), blocked)
    assert name == "numpy" and "could not be built" in why


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number that means upward is the processor's")
@pytest.mark.parametrize("change", ["libm.fesetround(0x800)", "library.flush()"])
def test_arithmetic_that_does_not_round_to_nearest_is_refused(change: str, tmp_path: Path) -> None:
    source = tmp_path / "flush.c"
    source.write_text("void flush(void) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); }\n")
    compiler = c_kernel.compiler()
    assert compiler is not None
    subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(tmp_path / "flush.so")], check=True)
    code = f"""
import ctypes
from toolkit import SolverFailure
from verification.kernels.rounding import check_arithmetic
libm, library = ctypes.CDLL("libm.so.6"), ctypes.CDLL({str(tmp_path / "flush.so")!r})
check_arithmetic()
{change}
try:
    check_arithmetic()
except SolverFailure:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.stdout.strip() == "refused", done.stderr
