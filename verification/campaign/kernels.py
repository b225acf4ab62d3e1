"""The kernels against 200-bit Arb: does every operation's enclosure contain what the operation does to points of its box?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import flint
import numpy as np

from toolkit import FloatArray, SolverFailure
from toolkit.graph import Operation, Tape

from ..kernels import CompiledKernel, Kernel, NumpyKernel

BITS = 200
PART = 10_000
_A, _B = Operation("input", (0, 0)), Operation("input", (0, 1))

Exact = Callable[[flint.arb, flint.arb], flint.arb]
_UNARY: dict[str, Exact] = {
    "neg": lambda a, b: -a,
    "sq": lambda a, b: a * a,
    "twice": lambda a, b: a + a,
    "sqrt": lambda a, b: a.sqrt(),
    "sin": lambda a, b: a.sin(),
    "cos": lambda a, b: a.cos(),
    "tan": lambda a, b: a.tan(),
    "fabs": lambda a, b: abs(a),
    "inv": lambda a, b: 1 / a,
}
_BINARY: dict[str, Exact] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fmin": lambda a, b: a.min(b),
    "fmax": lambda a, b: a.max(b),
}
_POWERS = (-3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 10)
_FACTORS = (0.0, -0.1, 1.7e308, 5e-324)


@dataclass(frozen=True)
class Probe:
    """One operation as a tape of its own, and what it means."""

    name: str
    tape: Tape
    exact: Exact


def probes() -> Iterator[Probe]:
    """Every operation that a kernel encloses; powers and constant factors by example."""
    for word, exact in _UNARY.items():
        yield Probe(word, _tape((_A, _B, Operation(word, (0,)))), exact)
    for word, exact in _BINARY.items():
        yield Probe(word, _tape((_A, _B, Operation(word, (0, 1)))), exact)
        yield Probe(f"{word} of one", _tape((_A, _B, Operation(word, (0, 0)))), _with_itself(exact))
    for k in _POWERS:
        tape = _tape((_A, _B, Operation("const", (), float(k)), Operation("pow", (0, 2))))
        yield Probe(f"pow {k}", tape, _to_the(k))
    for factor in _FACTORS:
        tape = _tape((_A, _B, Operation("const", (), factor), Operation("mul", (2, 0))))
        yield Probe(f"times {factor}", tape, _times(factor))


def _with_itself(exact: Exact) -> Exact:
    return lambda a, b: exact(a, a)


def _to_the(k: int) -> Exact:
    return lambda a, b: a**k


def _times(factor: float) -> Exact:
    return lambda a, b: a * flint.arb(factor)


def _tape(operations: tuple[Operation, ...]) -> Tape:
    return Tape((2,), (1,), operations, ((len(operations) - 1,),))


def random_tape(rng: np.random.Generator) -> Tape:
    """Some twenty operations on two inputs and a constant; the last register is the output."""
    constants = [0.0, 1.0, -0.3, 7.0, 1e200, -1e-200, 5e-324]
    operations = [_A, _B, Operation("const", (), float(rng.choice(constants)))]
    for _ in range(int(rng.integers(3, 22))):
        n = len(operations)
        word = str(rng.choice([*_UNARY, *_BINARY, "pow"]))
        if word == "pow":
            operations.append(Operation("const", (), float(rng.choice(_POWERS))))
        second = n if word == "pow" else int(rng.integers(n))
        args = (int(rng.integers(n)),) if word in _UNARY else (int(rng.integers(n)), second)
        operations.append(Operation(word, args))
    return _tape(tuple(operations))


def walk(tape: Tape, a: flint.arb, b: flint.arb) -> flint.arb:
    """The tape's output in Arb."""
    values: list[flint.arb] = []
    for operation in tape.operations:
        x = [values[k] for k in operation.args] if operation.word not in ("input", "const") else []
        if operation.word == "input":
            values.append((a, b)[operation.args[1]])
        elif operation.word == "const":
            values.append(flint.arb(operation.value))
        elif operation.word == "pow":
            values.append(x[0] ** int(tape.operations[operation.args[1]].value))
        else:
            values.append(_UNARY[operation.word](x[0], x[0]) if operation.word in _UNARY else _BINARY[operation.word](x[0], x[1]))
    return values[-1]


@dataclass(frozen=True)
class KernelResult:
    """boxes: tried. bounded: that got a finite enclosure. escapes: sentences, one per point that lay outside its enclosure."""

    boxes: int
    bounded: int
    escapes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.escapes and 4 * self.bounded > self.boxes


@dataclass(frozen=True)
class KernelCampaign:
    """Over all operations: boxes, how many were bounded, the escapes, and operations whose compiled bounds are not numpy's."""

    boxes: int
    bounded: int
    escapes: tuple[str, ...]
    differing: tuple[str, ...]
    note: str

    @property
    def ok(self) -> bool:
        return not self.escapes and not self.differing and 4 * self.bounded > self.boxes

    def __str__(self) -> str:
        words = f"{self.boxes} boxes, {self.bounded} bounded, {len(self.escapes)} escapes, C differs in {list(self.differing)}"
        return "\n".join([words, *self.escapes[:5], *([f"C not compared: {self.note}"] if self.note else [])])


def run_kernel_campaign(count: int, seed: int, progress: Callable[[float], None]) -> KernelCampaign:
    """`count` boxes for every operation, in parts; the numpy kernel against Arb, the compiled one against numpy, bit for bit."""
    total, bounded, escapes, differing, note = 0, 0, list[str](), list[str](), ""
    found = list(probes())
    for k, probe in enumerate(found):
        kernel = NumpyKernel(probe.tape)
        try:
            compiled = CompiledKernel(probe.tape)
        except SolverFailure as error:
            compiled, note = None, str(error)
        for part, start in enumerate(range(0, count, PART)):
            result = check_kernel(kernel, probe, min(PART, count - start), seed + part)
            total, bounded = total + result.boxes, bounded + result.bounded
            escapes += result.escapes
            box = boxes(min(PART, count - start), np.random.default_rng([seed, part]))
            if compiled is not None and not all(
                np.array_equal(a, b, equal_nan=True) for a, b in zip(compiled(*box), kernel(*box), strict=True)
            ):
                differing.append(probe.name)
            progress((k + min(start + PART, count) / count) / len(found))
    return KernelCampaign(total, bounded, tuple(escapes), tuple(dict.fromkeys(differing)), note)


def check_kernel(kernel: Kernel, probe: Probe, count: int, seed: int) -> KernelResult:
    """Enclose `count` boxes of every kind and compare with points of them: ends, middle, a random one, zero, multiples of pi/2."""
    rng = np.random.default_rng([seed, *probe.name.encode()])
    lower, upper = boxes(count, rng)
    low, high = kernel(lower, upper)
    escapes = []
    places = np.flatnonzero(~np.isnan(low[:, 0]) | ~np.isnan(high[:, 0]))
    before = flint.ctx.prec
    flint.ctx.prec = BITS
    try:
        for k in places:
            numbers = [*low[k].tolist(), *high[k].tolist(), *lower[k].tolist(), *upper[k].tolist()]
            bad = not (np.isfinite(numbers).all() and low[k, 0] <= high[k, 0])
            ends = flint.arb(float(low[k, 0])), flint.arb(float(high[k, 0]))
            for a, b in _points(lower[k], upper[k], rng):
                value = probe.exact(a, b)
                if bad or not value.is_finite() or value < ends[0] or value > ends[1]:
                    at = f"{a.str(20)}, {b.str(20)}"
                    escapes.append(f"{probe.name}, {kernel.name}: {value.str(20)} outside {numbers[:2]} at {at}")
                    break
    finally:
        flint.ctx.prec = before
    return KernelResult(count, len(places), tuple(escapes))


def boxes(count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """(count, 2) lower and upper ends: ordinary, huge, tiny, subnormal, zero, next to multiples of pi/2; degenerate to whole lines."""
    size = 10.0 ** rng.choice([0.0, 0.0, 0.0, 3.0, 6.0, -8.0, 154.0, 300.0, -154.0, -300.0], (count, 2))
    centre = rng.uniform(-4.0, 4.0, (count, 2)) * size
    kind = rng.integers(0, 12, (count, 2))
    centre = np.where(kind == 0, rng.integers(-9, 10, (count, 2)) * 5e-324, centre)
    centre = np.where(kind == 1, rng.integers(-3, 4, (count, 2)) * 1.0, centre)
    centre = np.where(kind == 2, rng.integers(-1000, 1001, (count, 2)) * (np.pi / 2), centre)
    width = np.abs(centre) * rng.choice([0.0, 0.0, 2.0**-52, 1e-9, 0.1, 1.5], (count, 2))
    width = width + rng.choice([0.0, 0.0, 5e-324, 1e-8, 1.0], (count, 2))
    lower, upper = centre - width, centre + width
    lower = np.where(kind == 3, 0.0, lower)
    upper = np.where(kind == 3, np.abs(upper), upper)
    infinite = rng.integers(0, 60, (count, 2))
    lower, upper = np.where(infinite == 0, -np.inf, lower), np.where(infinite == 1, np.inf, upper)
    lower = np.where(infinite == 2, np.nan, lower)
    return lower, upper


def _points(lower: FloatArray, upper: FloatArray, rng: np.random.Generator) -> Iterator[tuple[flint.arb, flint.arb]]:
    columns = []
    for low, high in zip(lower.tolist(), upper.tolist(), strict=True):
        if not (np.isfinite(low) and np.isfinite(high)):
            columns.append([flint.arb(0)] * 6)
            continue
        inner = min(max(low + float(rng.random()) * (high - low), low), high) if np.isfinite(high - low) else low
        zero = 0.0 if low <= 0.0 <= high else low
        points = [flint.arb(x) for x in (low, high, inner, zero)]
        columns.append([*points, *_multiples(low, high, points[0])])
    a, b = columns
    order = rng.permutation(6)
    yield from ((a[i], b[j]) for i, j in zip(range(6), order, strict=True))
    yield from ((a[i], b[j]) for i in (0, 1) for j in (0, 1))


def _multiples(low: float, high: float, otherwise: flint.arb) -> list[flint.arb]:
    """Up to two multiples of pi/2 inside: where sin and cos turn round."""
    if not max(abs(low), abs(high)) < 1e9:
        return [otherwise, otherwise]
    first = int(np.ceil(low / (np.pi / 2)))
    inside = [flint.arb.pi() * k / 2 for k in (first, first + 1)]
    return [x if x > flint.arb(low) and x < flint.arb(high) else otherwise for x in inside]
