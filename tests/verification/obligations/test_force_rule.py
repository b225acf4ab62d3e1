"""The force rule and the scalar: exact certificates that the checker accepts, z3 of the same mind, and no rule with a hole proved."""

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from toolkit.app.proof_inputs import chain_inputs
from toolkit.models import psm_classic
from verification.checker.directory import check_directory
from verification.obligations import Obligation, Outcome, ProofDirectory, Verdict, prove_all
from verification.obligations.algebra import CombinationTask
from verification.obligations.force_rule import advance_task, force_rule_obligations, force_task, one_scalar_task, per_wall_task, step_task
from verification.obligations.obligation import Effort

COMBINATIONS: dict[str, Callable[[], CombinationTask]] = {
    "step": step_task, "advance": advance_task, "force": force_task, "one scalar": one_scalar_task
}  # fmt: skip
A, d, y, y_s, g, c, share = sp.symbols("A d y y_s g c l")
HOLES: dict[str, CombinationTask] = {
    "the tube counted once": advance_task(tubes=1),
    "no viscous term": force_task(viscous=0),
    "net advance instead of positive increments": CombinationTask("x", A - (y + d - y_s), (A - (y - y_s),)),
    "the sum may fall": CombinationTask("x", A + d - (y - y_s), (A - (y - y_s),)),
    "another factor than a smaller one": one_scalar_task(l_max=2),
    "a wall that the factor does not keep": CombinationTask("x", d + share * g * c, ((1 - share) * d,)),
}


def proved(task: Any) -> Outcome:
    outcome = task.prove(Effort(), lambda share: None)
    assert isinstance(outcome, Outcome)
    return outcome


def checked(path: Path, obligations: list[Obligation]) -> tuple[list[Verdict], list[str]]:
    arm = psm_classic()
    directory = ProofDirectory(path, chain_inputs(arm, [1e-3] * arm.n, []), None)
    entries = prove_all(obligations, directory, Effort(), 1, lambda k, share: None)
    directory.finish(entries, [])
    return [e.verdict for e in entries], [str(verdict) for verdict in check_directory(path)]


def test_the_rules_are_proved_and_the_checker_accepts_them(tmp_path: Path) -> None:
    verdicts, words = checked(tmp_path / "proofs", force_rule_obligations())
    assert verdicts == [Verdict.PROVED] * 5
    assert len(words) == 6 and all(word.startswith("ACCEPTED") for word in words), words
    assert all("the rule and not a force sensor" in o.sentence for o in force_rule_obligations()[:3])


@pytest.mark.parametrize("name", HOLES)
def test_a_rule_with_a_hole_is_not_proved(name: str) -> None:
    outcome = proved(HOLES[name])
    assert outcome.verdict is Verdict.UNKNOWN and not outcome.body and outcome.detail.startswith("does not hold")


@pytest.mark.parametrize("name", COMBINATIONS)
def test_z3_agrees_that_the_rules_hold(name: str) -> None:
    assert _point_against(COMBINATIONS[name]()) is None


@pytest.mark.parametrize("name", HOLES)
def test_z3_finds_a_point_in_every_hole_and_exact_arithmetic_confirms_it(name: str) -> None:
    task = HOLES[name]
    point = _point_against(task)
    assert point is not None
    assert all(e.subs(point) >= 0 for e in task.given) and task.target.subs(point) < 0


def _point_against(task: CombinationTask) -> dict[sp.Symbol, sp.Rational] | None:
    """A point with every given >= 0 and the target below 0; None if z3 shows that there is none."""
    z3 = pytest.importorskip("z3")
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", 20_000)
    symbols = set().union(*(e.free_symbols for e in (task.target, *task.given)))
    names = {str(x): z3.Real(str(x)) for x in symbols}
    solver.add(*(_z3(z3, e, names) >= 0 for e in task.given), _z3(z3, task.target, names) < 0)
    answer = solver.check()
    if answer == z3.unsat:
        return None
    assert answer == z3.sat, answer
    return {x: sp.Rational(solver.model().eval(names[str(x)], model_completion=True).as_string()) for x in symbols}


def _z3(z3: Any, e: sp.Expr, names: dict[str, Any]) -> Any:
    if e.is_Symbol:
        return names[str(e)]
    if e.is_Rational:
        return z3.RealVal(str(e))
    parts = [_z3(z3, a, names) for a in e.args]
    total = parts[0]
    for part in parts[1:]:
        total = total + part if e.is_Add else total * part
    return total


def damped(v: tuple[Fraction, Fraction], walls: list[tuple[tuple[Fraction, Fraction], Fraction]]) -> tuple[Fraction, Fraction]:
    """Wall by wall: of what goes into it the share g_i is left."""
    for (a, b), g_i in walls:
        into = v[0] * a + v[1] * b
        if into < 0:
            v = (v[0] - (1 - g_i) * into * a, v[1] - (1 - g_i) * into * b)
    return v


def test_wall_by_wall_goes_through_the_wedge_and_one_scalar_does_not() -> None:
    n_1, n_2 = (Fraction(0), Fraction(1)), (Fraction(3, 5), Fraction(-4, 5))
    v = damped((Fraction(-1), Fraction(-1)), [(n_1, Fraction(0)), (n_2, Fraction(1, 2))])
    assert v[0] * n_1[0] + v[1] * n_1[1] == Fraction(-6, 25)
    assert proved(per_wall_task()).body["right"] == ["*", "-6/25", "t"]
    assert proved(per_wall_task("1/3")).verdict is Verdict.UNKNOWN
    rng = random.Random(1)
    for _ in range(500):
        walls = []
        for _ in range(3):
            p, q = rng.randint(-9, 9), rng.randint(1, 9)
            size = p * p + q * q
            n = (Fraction(2 * p * q, size), Fraction(p * p - q * q, size))
            walls.append((n, Fraction(rng.randint(0, 8), 2)))
        v = (Fraction(rng.randint(-9, 9)), Fraction(rng.randint(-9, 9)))
        into = [v[0] * a + v[1] * b for (a, b), _ in walls]
        keeps = [min(Fraction(1), distance / -x) if x < 0 else Fraction(1) for x, (_, distance) in zip(into, walls, strict=True)]
        assert all(distance + min(keeps) * x >= 0 for x, (_, distance) in zip(into, walls, strict=True))


def test_a_certificate_of_a_hole_is_rejected(tmp_path: Path) -> None:
    """The terms that prove the rule do not prove it with the tube counted once."""
    arm = psm_classic()
    directory = ProofDirectory(tmp_path / "proofs", chain_inputs(arm, [1e-3] * arm.n, []), None)
    obligation = force_rule_obligations()[1]
    right, wrong = proved(advance_task()), advance_task(tubes=1).question()
    entry = directory.add(0, obligation, Outcome(Verdict.PROVED, right.kind, {**right.body, **wrong}), 0.0)
    directory.finish([entry], [])
    assert [str(v).split()[0] for v in check_directory(tmp_path / "proofs")] == ["REJECTED", "REJECTED"]
