"""What the prover writes, the checker accepts; what is false is refuted or unknown; an interrupted proof goes on."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit import InvalidInput, SolverFailure
from toolkit.app.proof_inputs import chain_inputs
from toolkit.models import SerialArm, panda, psm_classic, versius_like
from toolkit.procedure import KeepInHalfSpace, KeepInSphere, KeepOutBox, KeepOutCapsule, KeepOutSphere, Region
from verification.checker.directory import check_directory
from verification.obligations import (
    InclusionTask,
    Obligation,
    Outcome,
    ProofDirectory,
    SecondDerivativeTask,
    StopLengthTask,
    TubeThresholdTask,
    Verdict,
    prove_all,
    region_of,
)
from verification.obligations.inclusion import MARGIN_M
from verification.obligations.obligation import Effort
from verification.prover.inclusion import Question
from verification.prover.second_derivatives import SecondDerivatives

EFFORT = Effort(seconds=60.0)


def working_range(make: Callable[[], SerialArm]) -> Callable[[], SerialArm]:
    """Every joint within 0.6 rad of the middle of its range: over their full ranges the hands of these arms take too many leaves."""

    def narrow() -> SerialArm:
        arm = make()
        middle = 0.5 * (arm.limits.lower + arm.limits.upper)
        return replace(arm, limits=replace(arm.limits, lower=middle - 0.6, upper=middle + 0.6))

    return narrow


ARMS: dict[str, Callable[[], SerialArm]] = {
    "psm_classic": psm_classic, "panda": working_range(panda), "versius": working_range(versius_like)
}  # fmt: skip


def inflated(arm: SerialArm, e: float) -> tuple[np.ndarray, np.ndarray]:
    return np.nextafter(arm.limits.lower - e, -9.0), np.nextafter(arm.limits.upper + e, 9.0)


def inclusion(arm: SerialArm, region: Region, body: str, e: float = 1e-3) -> Obligation:
    found = next(b for b in arm.bodies if b.name == body)
    points = {p.name: p for p in arm.body_points}
    paths = tuple(((*arm.joints[: points[k].frame], *points[k].branch), points[k].p_m) for k in found.points)
    asked = Question(paths, region_of(region), region.keeps_in, found.radius_m + float(MARGIN_M), *inflated(arm, e))
    return Obligation(f"{region.name}.{body}", "a sentence", ("A5",), InclusionTask(region.name, body, asked))


def proved(arm: SerialArm, regions: list[tuple[Region, str]], path: Path, processes: int = 1) -> tuple[list[str], list[str]]:
    """Prove inclusions for an arm without a procedure: the prover's verdicts and the checker's words."""
    constraints = [region.model_dump(mode="json", exclude_none=True) for region, _ in regions]
    directory = ProofDirectory(path, chain_inputs(arm, [1e-3] * arm.n, constraints), None)
    entries = prove_all([inclusion(arm, region, body) for region, body in regions], directory, EFFORT, processes, lambda k, share: None)
    directory.finish(entries, ["nothing"])
    return [e.verdict.value for e in entries], [str(v) for v in check_directory(path)]


REGIONS: dict[str, list[tuple[Region, str]]] = {
    "psm_classic": [
        (KeepOutSphere(name="deep", bodies=("jaw_1",), center_B_m=(0.0, 0.0, -0.40), radius_m=0.05), "jaw_1"),
        (KeepOutBox(name="bed", bodies=("wrist",), lower_B_m=(-0.5, -0.5, -0.45), upper_B_m=(0.5, 0.5, -0.30)), "wrist"),
        (KeepInSphere(name="reach", bodies=("wrist",), center_B_m=(0.0, 0.0, 0.0), radius_m=0.26), "wrist"),
        (KeepOutCapsule(name="duct", bodies=("shaft",), start_B_m=(0.0, 0.05, -0.1), end_B_m=(0.0, -0.05, -0.1), radius_m=0.004), "shaft"),
    ],
    "panda": [
        (KeepOutSphere(name="far", bodies=("hand",), center_B_m=(1.0, 1.0, 1.0), radius_m=0.05), "hand"),
        (KeepOutSphere(name="near", bodies=("hand",), center_B_m=(0.4, 0.3, 0.4), radius_m=0.1), "hand"),
        (KeepInHalfSpace(name="ceiling", bodies=("upper_arm",), normal_B=(0.0, 0.0, 1.0), offset_m=0.9), "upper_arm"),
    ],
    "versius": [
        (KeepInHalfSpace(name="ceiling", bodies=("upper_arm",), normal_B=(0.0, 0.0, 1.0), offset_m=0.8), "upper_arm"),
        (KeepOutSphere(name="far", bodies=("shaft",), center_B_m=(1.0, 1.0, 0.4), radius_m=0.05), "shaft"),
        (KeepOutSphere(name="near", bodies=("shaft",), center_B_m=(0.1, 0.1, 1.0), radius_m=0.05), "shaft"),
    ],
}
EXPECTED = {
    "psm_classic": ["PROVED", "PROVED", "PROVED", "REFUTED"],
    "panda": ["PROVED", "REFUTED", "PROVED"],
    "versius": ["PROVED", "PROVED", "REFUTED"],
}


@pytest.mark.parametrize("name", ARMS)
def test_inclusions_over_all_joints_are_decided_and_the_checker_agrees(name: str, tmp_path: Path) -> None:
    verdicts, words = proved(ARMS[name](), REGIONS[name], tmp_path / "proofs")
    assert verdicts == EXPECTED[name]
    assert all(word.startswith("ACCEPTED") for word in words), words


def test_two_processes_and_two_engines_write_the_same_bytes(tmp_path: Path) -> None:
    for name, processes in (("one", 1), ("two", 2)):
        proved(psm_classic(), REGIONS["psm_classic"], tmp_path / name, processes)
    ours = [[p.read_bytes() for p in sorted((tmp_path / name).glob("0*.json"))] for name in ("one", "two")]
    assert ours[0] == ours[1] and len(ours[0]) == 4
    task = inclusion(psm_classic(), *REGIONS["psm_classic"][0]).task
    numpy = task.prove(Effort("numpy"), lambda share: None)
    try:
        compiled = task.prove(Effort("C"), lambda share: None)
    except SolverFailure:
        pytest.skip("no C compiler here")
    assert numpy == compiled


class Tripwire:
    """A task that must not be asked again."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def question(self) -> dict[str, Any]:
        return dict(self._inner.question())

    def prove(self, effort: Effort, progress: Callable[[float], None]) -> Outcome:
        raise AssertionError("was proved already")


def test_an_interrupted_proof_goes_on_where_it_was(tmp_path: Path) -> None:
    arm, regions = psm_classic(), REGIONS["psm_classic"]
    inputs = chain_inputs(arm, [1e-3] * arm.n, [region.model_dump(mode="json", exclude_none=True) for region, _ in regions])
    obligations = [inclusion(arm, region, body) for region, body in regions]
    prove_all(obligations[:2], ProofDirectory(tmp_path, inputs, None), EFFORT, 1, lambda k, share: None)
    kept = [replace(o, task=Tripwire(o.task)) for o in obligations[:2]]
    directory = ProofDirectory(tmp_path, inputs, None)
    entries = prove_all([*kept, *obligations[2:]], directory, EFFORT, 1, lambda k, share: None)
    directory.finish(entries, [])
    assert [e.kept for e in entries] == [True, True, False, False]
    assert all(str(v).startswith("ACCEPTED") for v in check_directory(tmp_path))
    with pytest.raises(InvalidInput, match="finished proof"):
        ProofDirectory(tmp_path, inputs, None)


def test_a_directory_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    arm = psm_classic()
    inputs = chain_inputs(arm, [1e-3] * arm.n, [])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("months of work")
    with pytest.raises(InvalidInput, match="not an interrupted proof"):
        ProofDirectory(tmp_path / "mine", inputs, None)
    ProofDirectory(tmp_path / "proofs", inputs, None)
    with pytest.raises(InvalidInput, match="not an interrupted proof"):
        ProofDirectory(tmp_path / "proofs", chain_inputs(arm, [2e-3] * arm.n, []), None)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "months of work"


def test_a_kept_certificate_about_another_question_is_not_kept(tmp_path: Path) -> None:
    arm, regions = psm_classic(), REGIONS["psm_classic"][:1]
    directory = ProofDirectory(tmp_path, chain_inputs(arm, [1e-3] * arm.n, []), None)
    obligation = inclusion(arm, *regions[0])
    (entry,) = prove_all([obligation], directory, EFFORT, 1, lambda k, share: None)
    assert entry.file is not None and directory.kept(0, obligation) is not None
    certificate = json.loads((tmp_path / entry.file).read_bytes())
    for field, value in (("margin", "1/500"), ("body", "jaw_2"), ("inputs", {}), ("verdict", "CERTAIN")):
        (tmp_path / entry.file).write_text(json.dumps({**certificate, field: value}))
        assert directory.kept(0, obligation) is None
    (tmp_path / entry.file).write_text("{half")
    assert directory.kept(0, obligation) is None


def test_a_time_limit_ends_in_unknown_and_no_certificate(tmp_path: Path) -> None:
    hard = KeepOutSphere(name="close", bodies=("jaw_1",), center_B_m=(0.0, 0.0, -0.4), radius_m=0.1275)
    arm = psm_classic()
    directory = ProofDirectory(tmp_path, chain_inputs(arm, [1e-3] * arm.n, [hard.model_dump(mode="json", exclude_none=True)]), None)
    (entry,) = prove_all([inclusion(arm, hard, "jaw_1")], directory, Effort(seconds=0.001), 1, lambda k, share: None)
    assert entry.verdict is Verdict.UNKNOWN and entry.file is None and "not decided within" in entry.detail
    assert not list(tmp_path.glob("0*.json"))


def test_second_derivatives_are_proved_above_what_sampling_finds_and_below_twice_the_analytic_bound() -> None:
    arm = psm_classic()
    lower, upper = inflated(arm, 1e-3)
    point = arm.body_points[arm.point_names.index("tip")]
    task = SecondDerivativeTask("point:tip", SecondDerivatives(arm.joints[: point.frame], point.p_m, lower, upper))
    outcome = task.prove(EFFORT, lambda share: None)
    assert outcome.verdict is Verdict.PROVED
    analytic = arm.second_derivative_bounds(lower, upper)[arm.point_names.index("tip")]
    rng = np.random.default_rng(0)
    for entry in outcome.body["bounds"]:
        j, k, bound = entry["j"], entry["l"], float.fromhex(entry["bound"])
        assert bound <= 1.1 * analytic[j, k] + 2e-9
        for q in rng.uniform(lower, upper, (5, arm.n)):
            assert _second_difference(arm, q, j, k) <= bound + 2e-6


def _second_difference(arm: SerialArm, q: np.ndarray, j: int, k: int) -> float:
    """|d2P / dq_j dq_k| of the tip by central differences: not the graph's derivative."""
    i, h = arm.point_names.index("tip"), 1e-4
    a, b = np.eye(arm.n)[j] * h, np.eye(arm.n)[k] * h
    P = [arm.points(x)[i] for x in (q + a + b, q + a - b, q - a + b, q - a - b)]
    return float(np.linalg.norm(P[0] - P[1] - P[2] + P[3]) / (4 * h * h))


def stop(**changes: Any) -> StopLengthTask:
    base: dict[str, Any] = {
        "v_ticks": (120, 130), "a_ticks": (10, 14), "period_s": Fraction(1, 200), "n_max": 40, "tip_step_m": Fraction(1, 4000),
        "brake_m_s2": Fraction(1),
    }  # fmt: skip
    return StopLengthTask(**{**base, **changes})


def test_the_longest_stop_is_counted_exactly() -> None:
    assert stop().prove(EFFORT, lambda share: None).body == {"periods": 15}
    assert stop(v_ticks=(351, 1)).prove(EFFORT, lambda share: None).body == {"periods": 40}
    for over in ({"v_ticks": (352, 1)}, {"brake_m_s2": Fraction(1, 4)}, {"a_ticks": (1, 14)}, {"tip_step_m": None}):
        outcome = stop(**over).prove(EFFORT, lambda share: None)
        assert outcome.verdict is Verdict.UNKNOWN and not outcome.body


def test_the_longest_stop_of_the_code_is_no_longer() -> None:
    from safety import brake
    from toolkit import CommandClass

    task, rng = stop(), np.random.default_rng(0)
    commands = CommandClass(0.005, np.array(task.v_ticks), np.array(task.a_ticks))
    longest = task.prove(EFFORT, lambda share: None).body["periods"]
    for step in [*rng.integers(-np.array(task.v_ticks), np.array(task.v_ticks) + 1, (300, 2)), np.array(task.v_ticks)]:
        plan = brake(np.zeros(2, dtype=np.int64), step, float(task.tip_step_m), float(task.brake_m_s2), commands)
        assert 1 + len(plan) <= longest
        assert max(commands.excess(np.concatenate([np.array([-step, np.zeros(2, dtype=np.int64)]), plan]))) <= 0


def threshold(**changes: Any) -> TubeThresholdTask:
    parts = {"encoder_excess": 12, "encoder_error": 2, "joint_error": 3, "growth": 11, "e_monitor": 15, "e": 31, "tick_sum": 1}
    base: dict[str, Any] = {key: (Fraction(value, 1000),) for key, value in parts.items()}
    base |= {"names": ("yaw",), "safety_factor": Fraction(1), "period_s": Fraction(1, 200), "age_s_max": Fraction(1, 40)}
    base |= {"gap_s": Fraction(6, 200)}
    return TubeThresholdTask(**{**base, "growth_periods": Fraction(11), **changes})


def test_the_thresholds_of_the_tube_add_up_or_are_not_proved() -> None:
    assert threshold().prove(EFFORT, lambda share: None).body == {"reaction_periods": 11}
    low = (Fraction(1, 1000),)
    for change in ({"e_monitor": low}, {"e": (Fraction(30, 1000),)}, {"growth": low}, {"gap_s": Fraction(12, 200)}):
        outcome = threshold(**change).prove(EFFORT, lambda share: None)
        assert outcome.verdict is Verdict.UNKNOWN and "does not hold" in outcome.detail


def test_the_summary_names_each_certificate_by_its_hash(tmp_path: Path) -> None:
    proved(psm_classic(), REGIONS["psm_classic"][:1], tmp_path)
    (row,) = json.loads((tmp_path / "summary.json").read_bytes())["obligations"]
    assert row["sha256"] == hashlib.sha256((tmp_path / row["file"]).read_bytes()).hexdigest()
    assert row["id"] == "deep.jaw_1" and row["assumptions"] == ["A5"]
