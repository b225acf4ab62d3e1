"""The same static properties for other tools: is there a configuration in the box that violates it? No: proved.

z3 gets polynomials (s^2 + c^2 = 1 and the range of every sine and cosine); codac branches and contracts; dReal gets the trigonometry as it
is. Each is imported only where it is asked for, in a process that is ended at its time limit: importing codac sets the processor's
rounding upwards for the whole process, and no float in it is what it was before.
"""

import math
from collections.abc import Callable
from typing import Any

from toolkit.graph import Tape

from ..prover.graph import tape_of
from ..prover.solid import Faces
from .proof_problems import ProofProblem

PEERS = ("z3", "codac", "dreal")
_DELTA = 1e-7


def proves(peer: str, problem: ProofProblem, seconds: float) -> str:
    """ "proved", "refuted" or "unknown"; ImportError where the tool is not installed."""
    q, P = problem.question.positions
    return {"z3": _z3, "codac": _codac, "dreal": _dreal}[peer](problem, tape_of(q, P), seconds)


def _walk(
    tape: Tape, inputs: list[Any], sine: Callable[[Any], Any], cosine: Callable[[Any], Any], constant: Callable[[float], Any] = float
) -> list[Any]:
    """The tape over any objects with + - *."""
    values: list[Any] = []
    for operation in tape.operations:
        a = [values[k] for k in operation.args] if operation.word not in ("input", "const") else []
        if operation.word == "input":
            values.append(inputs[operation.args[1]])
        elif operation.word == "const":
            values.append(constant(operation.value))
        else:
            values.append(_step(operation.word, a, sine, cosine))
    return [values[k] for k in tape.outputs[0]]


def _step(word: str, a: list[Any], sine: Callable[[Any], Any], cosine: Callable[[Any], Any]) -> Any:
    if word in ("add", "mul") and isinstance(a[1], _Angle):
        a = a[::-1]  # z3's numbers do not know angles
    if word in ("add", "sub", "mul"):
        return a[0] + a[1] if word == "add" else a[0] - a[1] if word == "sub" else a[0] * a[1]
    if word in ("sin", "cos"):
        return sine(a[0]) if word == "sin" else cosine(a[0])
    return {"neg": lambda: -a[0], "sq": lambda: a[0] * a[0], "twice": lambda: a[0] + a[0]}[word]()


class _Angle:
    """For z3: a coordinate plus a constant, with its range. Sine and cosine become variables; anything else is arithmetic on `value`."""

    def __init__(self, lower: float, upper: float, value: Any) -> None:
        self.lower, self.upper, self.value = lower, upper, value

    def __add__(self, other: Any) -> Any:
        if not hasattr(other, "as_fraction"):
            return self.value + other
        by = float(other.as_fraction())
        return _Angle(self.lower + by, self.upper + by, self.value + other)

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __mul__(self, other: Any) -> Any:
        return self.value * other


def _excess(problem: ProofProblem, P: list[Any], constant: Callable[[float], Any] = float) -> Any:
    """Above zero exactly where the property is violated."""
    region, limit = problem.question.region, constant(problem.limit_m)
    if isinstance(region, Faces):
        n = [constant(x) for x in region.normals[0].tolist()]
        return P[0] * n[0] + P[1] * n[1] + P[2] * n[2] - limit
    x, y, z = (p - constant(c) for p, c in zip(P, region.generators[0].tolist(), strict=True))
    beyond = x * x + y * y + z * z - limit * limit
    return beyond if problem.question.keeps_in else -beyond


def _z3(problem: ProofProblem, tape: Tape, seconds: float) -> str:
    import z3  # noqa: PLC0415 - a development dependency

    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    turns: dict[int, tuple[Any, Any]] = {}

    def exact(x: float) -> Any:
        return z3.Q(*x.as_integer_ratio())

    kept: list[Any] = []

    def turn(a: Any) -> tuple[Any, Any]:
        if id(a) not in turns:
            k = len(turns)
            s, c = z3.Real(f"s{k}"), z3.Real(f"c{k}")
            turns[id(a)] = s, c
            kept.append(a)  # and with it its id
            solver.add(s * s + c * c == 1)
            for variable, f, tops in ((s, math.sin, math.pi / 2), (c, math.cos, 0.0)):
                low, high = _range(f, tops, a.lower, a.upper)
                solver.add(variable >= exact(low), variable <= exact(high))
        return turns[id(a)]

    inputs = []
    for k, (low, high) in enumerate(zip(problem.lower.tolist(), problem.upper.tolist(), strict=True)):
        value = z3.Real(f"q{k}")
        solver.add(value >= exact(low), value <= exact(high))
        inputs.append(_Angle(low, high, value))
    P = _walk(tape, inputs, lambda a: turn(a)[0], lambda a: turn(a)[1], exact)
    solver.add(_excess(problem, P, exact) > 0)
    return {"unsat": "proved", "sat": "unknown"}.get(str(solver.check()), "unknown")  # sat: the relaxation has more points


def _range(f: Callable[[float], float], top: float, low: float, high: float) -> tuple[float, float]:
    """About the range of sin or cos, a little large."""
    ends = [f(low), f(high)]
    for k in range(-8, 9):
        if low <= top + k * math.pi <= high:
            ends.append(1.0 if k % 2 == 0 else -1.0)
    return min(ends) - 1e-12, max(ends) + 1e-12


def _codac(problem: ProofProblem, tape: Tape, seconds: float) -> str:
    import time  # noqa: PLC0415

    import codac  # noqa: PLC0415 - a development dependency

    x = codac.VectorVar(len(problem.lower))
    P = _walk(tape, [x[i] for i in range(len(problem.lower))], codac.sin, codac.cos)
    contractor = codac.CtcInverse(codac.AnalyticFunction([x], _excess(problem, P)), codac.Interval(0.0, math.inf))
    waiting = [codac.IntervalVector([[a, b] for a, b in zip(problem.lower.tolist(), problem.upper.tolist(), strict=True)])]
    until = time.monotonic() + seconds
    while waiting:
        if time.monotonic() > until:
            return "unknown"
        box = waiting.pop()
        contractor.contract(box)
        if box.is_empty():
            continue
        if not box.max_diam() > 1e-9:
            return "unknown"  # a point that may violate the property
        waiting += box.bisect_largest()
    return "proved"


def _dreal(problem: ProofProblem, tape: Tape, seconds: float) -> str:
    import dreal  # noqa: PLC0415 - optional

    inputs = [dreal.Variable(f"q{k}") for k in range(len(problem.lower))]
    bounds = [dreal.And(v >= a, v <= b) for v, a, b in zip(inputs, problem.lower.tolist(), problem.upper.tolist(), strict=True)]
    violated = _excess(problem, _walk(tape, [v + 0.0 for v in inputs], dreal.sin, dreal.cos)) >= 0
    return "proved" if dreal.CheckSatisfiability(dreal.And(violated, *bounds), _DELTA) is None else "unknown"
