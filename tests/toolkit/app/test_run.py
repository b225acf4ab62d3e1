"""The example, end to end through the command line, once; and everything that must be true of what it leaves behind."""

import functools
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from safety import Memory
from safety.audit import verify
from tests.toolkit.app.conftest import Recorded
from tests.toolkit.app.runs import EXAMPLE
from toolkit import FloatArray
from toolkit.app.assembly import Assembly
from toolkit.app.run_inputs import read_inputs
from toolkit.app.run_log import RunLog, read_run_log
from toolkit.app.version import version_info
from verification.plain_kinematics import body_points
from verification.run_directory import Truth, read_truth

SAMPLES = 50


@pytest.fixture(scope="module")
def cycles(recorded: Recorded) -> list[dict[str, Any]]:
    return recorded.cycles


@pytest.fixture(scope="module")
def log(recorded: Recorded) -> RunLog:
    return read_run_log(recorded.directory / "audit")


@pytest.fixture(scope="module")
def truth(recorded: Recorded) -> Truth:
    return read_truth(recorded.directory / "truth.bin")


@pytest.fixture(scope="module")
def sent(cycles: list[dict[str, Any]]) -> np.ndarray:
    """All setpoints that count as sent, in order, from the logged histories: (k, n) ticks; missed periods included."""
    sequence = rows(cycles[0]["memory"]["history"]).tolist()
    for cycle in cycles:
        history = rows(cycle["memory"]["history"])
        known = np.array(sequence[-history.shape[0] :])
        shift = next(s for s in range(history.shape[0]) if np.array_equal(history[: history.shape[0] - s], known[s:]))
        sequence.extend(history[history.shape[0] - shift :].tolist() if shift else [])
    sequence.append(cycles[-1]["ticks"])
    return np.array(sequence, dtype=np.int64)


def rows(steps: dict[str, Any]) -> np.ndarray:
    """The tick sequence of a first row and increments, as the log holds it."""
    return np.cumsum([steps["first"], *steps["steps"]], axis=0, dtype=np.int64)


def memory_of(cycle: dict[str, Any]) -> Memory:
    held = cycle["memory"]
    history = rows(held["history"])
    return Memory(history, np.array(held["plan"], dtype=np.int64).reshape(-1, history.shape[1]), held["lost"])


def test_the_run_completes(recorded: Recorded) -> None:
    assert recorded.outcome.exit_code == 0, recorded.stderr
    assert recorded.summary.status == "completed" and recorded.summary.reason == ""
    assert recorded.of_kind("RUN_END")[0]["end"] == {"status": "completed", "reason": "", "exit_code": 0, "problems": []}


def test_it_leaves_everything_a_reviewer_needs(recorded: Recorded) -> None:
    names = {path.name for path in recorded.directory.iterdir()}
    assert names == {"procedure.yaml", "inputs", "audit", "truth.bin", "run.json", "report.html"}
    assert (recorded.directory / "procedure.yaml").read_bytes() == EXAMPLE.read_bytes()


@pytest.mark.requirement("WSP-010")
def test_no_constraint_was_violated_in_the_plants_truth(recorded: Recorded, example: Assembly) -> None:
    assert recorded.summary.truth is not None
    margins = recorded.summary.truth.margin_min
    assert set(margins) == {"abdomen", "vessel", "joint_limits.rad", "joint_limits.m", "insertion"}
    assert all(margin >= 0.0 for margin in margins.values()), margins
    assert recorded.summary.truth.rate_hz == 1000.0


def test_the_safety_layer_stepped_in_and_the_vessel_was_why(recorded: Recorded, cycles: list[dict[str, Any]]) -> None:
    counts = recorded.summary.verdicts
    assert counts.MODIFIED + counts.BACKUP > 0 and counts.STOP == 0
    assert any(c["verdict"] in ("MODIFIED", "BACKUP") and "vessel" in c["active"] for c in cycles)
    assert sum(counts.model_dump().values()) == recorded.summary.cycles == len(cycles)


@pytest.mark.requirement("WSP-010")
def test_every_certified_margin_was_positive(recorded: Recorded) -> None:
    assert all(margin >= 0.0 for margin in recorded.summary.margin_min.values())
    assert set(recorded.summary.truth.margin_min if recorded.summary.truth else ()) <= set(recorded.summary.margin_min)


def test_the_tip_follows_the_hand(timely: Recorded) -> None:
    error = timely.summary.tip_error_m
    assert error is not None and 0.0 < error.rms <= 0.5e-3 and error.p99 <= 1.5e-3
    assert timely.summary.pass_fraction_settled is not None and timely.summary.pass_fraction_settled >= 0.70


@pytest.mark.requirement("SAF-046")
def test_without_certificates_it_says_unproved(recorded: Recorded) -> None:
    report = (recorded.directory / "report.html").read_text()
    assert "UNPROVED" in recorded.stdout and "UNPROVED" in report
    assert recorded.summary.proved is False and len(recorded.summary.unproved) >= 4
    assert str(recorded.directory / "report.html") in recorded.stdout.replace("\n", "")


def test_the_report_opens_offline_and_names_what_matters(recorded: Recorded) -> None:
    report = (recorded.directory / "report.html").read_text()
    assert "<script src=" not in report and '<link rel="stylesheet"' not in report and "@import" not in report
    for word in ("vessel", "abdomen", "insertion", "A1", "A7", "MODIFIED", "completed"):
        assert word in report


def test_the_measured_maxima_of_the_assumptions_are_inside_their_bounds(recorded: Recorded) -> None:
    figures = {figure.id: figure for figure in recorded.summary.assumptions}
    assert list(figures) == [f"A{i}" for i in range(1, 8)]
    for id_ in ("A1", "A2", "A4"):
        figure = figures[id_]
        assert figure.monitored and figure.bound is not None and figure.measured_max is not None
        assert 0.0 <= figure.measured_max <= figure.bound, id_
    assert figures["A5"].measured_max is None and not figures["A5"].monitored


@pytest.mark.requirement("AUD-028")
def test_misses_are_counted_and_logged(recorded: Recorded) -> None:
    """How many there are is up to the machine; that each of them is in the log is not."""
    assert recorded.summary.deadline_misses == len(recorded.of_kind("MISS"))
    assert all(miss["in_a_row"] <= 2 and miss["why"] for miss in recorded.of_kind("MISS"))


def test_the_log_is_whole_and_sealed(recorded: Recorded) -> None:
    result = verify(recorded.directory)
    assert result.ok and result.intact and result.closed and result.fault == ""


@pytest.mark.requirement("AUD-015", "AUD-022")
def test_the_log_names_what_ran(recorded: Recorded, example: Assembly) -> None:
    meta = recorded.of_kind("RUN_START")[0]["meta"]
    assert meta["procedure"] == EXAMPLE.read_text() and meta["hashes"] == example.hashes
    assert meta["tube"]["e"] == example.tube.e.tolist() and meta["build"] == version_info()
    assert recorded.summary.hashes.model == example.arm.digest


@pytest.mark.requirement("AUD-014")
def test_every_record_holds_the_inputs_and_the_result_of_certify(cycles: list[dict[str, Any]], example: Assembly) -> None:
    n, names = example.arm.n, None
    for cycle in cycles:
        state, proposal, held = cycle["state"], cycle["proposal"], cycle["memory"]
        assert all(len(state[name]) == n for name in ("q", "q_dot", "ticks", "goal_ticks")) and state["healthy"]
        assert proposal["status"] and (proposal["q"] is None or len(proposal["q"]) == n)
        assert len(held["history"]["steps"]) == example.tube.window + 1 and held["lost"] >= 0
        assert len(cycle["ticks"]) == n and cycle["verdict"] in ("PASS", "MODIFIED", "BACKUP")
        if cycle["written"]:  # a cycle whose period is over before it certifies looks at nothing
            assert set(cycle["observed"]) == {"tube_use", "behind", "age_s"}
        assert set(cycle["timing_us"]) == {"read", "compute", "certify", "write", "total"}
        names = names or set(cycle["margins"])
        assert set(cycle["margins"]) == names
        assert (cycle["reason"] == "") == (cycle["verdict"] == "PASS")


def test_what_a_cycle_wrote_is_what_the_next_one_remembers(cycles: list[dict[str, Any]]) -> None:
    for before, after in pairwise(cycles):
        held = memory_of(after)
        if before["written"] and held.lost == 0:  # no period between the two was missed
            assert held.newest.tolist() == before["ticks"]
            assert held.plan.tolist() == rows(before["next_plan"])[1:].tolist()


@pytest.mark.requirement("SAF-006")
def test_a_backup_is_the_head_of_the_stored_plan(cycles: list[dict[str, Any]]) -> None:
    backups = [cycle for cycle in cycles if cycle["verdict"] == "BACKUP"]
    for cycle in backups:
        assert cycle["ticks"] == memory_of(cycle).tail_head.tolist() and cycle["reason"]


@pytest.mark.requirement("SAF-002")
def test_every_plan_ends_at_rest(cycles: list[dict[str, Any]]) -> None:
    for cycle in cycles:
        plan = rows(cycle["next_plan"])
        assert plan[0].tolist() == cycle["ticks"]
        assert plan.shape[0] == 1 or np.array_equal(plan[-1], plan[-2])


@pytest.mark.requirement("WSP-008")
def test_commanded_rates_recomputed_from_the_log_are_inside_their_limits(sent: np.ndarray, example: Assembly) -> None:
    """Plain numpy from the chain's constants, in ticks that were on the wire: 50 mm/s and 1 m/s^2 for the tip and both jaws."""
    arm, T = example.arm, example.profile.period_s
    tick_map = example.profile.tick_map
    points = body_points(arm, tick_map.to_joints(sent))
    limited = [arm.point_names.index(name) for name in ("tip", "jaw_1", "jaw_2")]
    velocity = np.diff(points[:, limited], axis=0) / T
    acceleration = np.diff(velocity, axis=0) / T
    assert np.linalg.norm(velocity, axis=2).max() <= 0.05
    assert np.linalg.norm(acceleration, axis=2).max() <= 1.0
    assert np.linalg.norm(velocity, axis=2).max() >= 0.045, "the limit is reached: the hand is faster"


@pytest.mark.requirement("WSP-009")
def test_setpoints_stay_inside_the_command_class(sent: np.ndarray, example: Assembly) -> None:
    klass = example.profile.command_class
    assert np.all(np.abs(np.diff(sent, axis=0)) <= klass.v_ticks)
    assert np.all(np.abs(np.diff(sent, 2, axis=0)) <= klass.a_ticks)


@pytest.mark.requirement("AUD-014")
def test_certificates_can_be_recomputed_from_the_log_alone(recorded: Recorded, cycles: list[dict[str, Any]]) -> None:
    """A fresh shield, built from what the run directory holds, gives the same answer to the last bit."""
    shield = read_inputs(recorded.directory, recorded.of_kind("RUN_START")[0]["meta"]).shield
    certified = [cycle for cycle in cycles if cycle["verdict"] in ("PASS", "MODIFIED")]
    near = sorted(certified, key=lambda cycle: cycle["margins"]["vessel"])[: SAMPLES // 2]
    for cycle in [*near, *certified[:: len(certified) // (SAMPLES // 2)]]:
        again = shield.certify(memory_of(cycle), rows(cycle["next_plan"]))
        assert again.ok, (cycle["i"], again.reason)
        assert {name: margin.value for name, margin in again.margins.items()} == cycle["margins"]


def test_a_plan_of_another_cycle_is_not_certified(example: Assembly, cycles: list[dict[str, Any]]) -> None:
    """The recomputation can fail: a plan that does not follow its history is refused."""
    moving = [c for c in cycles if c["verdict"] == "PASS" and np.abs(rows(c["next_plan"])[1] - rows(c["next_plan"])[0]).max() > 20]
    early, late = moving[0], moving[-1]
    assert not example.shield.certify(memory_of(early), rows(late["next_plan"])).ok


@pytest.mark.requirement("SAF-038")
def test_the_true_joints_stay_inside_the_windows(cycles: list[dict[str, Any]], truth: Truth, example: Assembly, recorded: Recorded) -> None:
    """Between a cycle's record and the next cycle, its setpoint is the newest: every joint is in the hull of its last ones, plus e."""
    times = [int(record["mono_ns"]) * 1e-9 for record in recorded.records if record["kind"] == "CYCLE"]
    tick_map, tube = example.profile.tick_map, example.tube
    worst, seen = 0.0, 0
    for cycle, after, recorded_s in zip(cycles, cycles[1:], times, strict=False):
        inside = slice(*np.searchsorted(truth.t_s, (recorded_s, after["t_s"])))
        if not cycle["written"] or inside.start == inside.stop:
            continue
        window = np.vstack([rows(cycle["memory"]["history"]), cycle["ticks"]])[-(tube.window + 1) :]
        low, high = window.min(axis=0), window.max(axis=0)
        c = tick_map.to_joints(0.5 * (low + high))
        h = tick_map.abs_M @ (0.5 * (high - low))
        use = (np.abs(truth.q[inside] - c) - h) / tube.e
        worst, seen = max(worst, float(use.max())), seen + use.shape[0]
    assert seen > 5000
    assert worst <= 1.0, f"a true joint was {worst:.2f} tubes outside its window"
    assert worst > 0.1, "the tube is used: cables and encoders are not perfect"


def test_the_true_tip_error_recomputed_by_interpolation_agrees(recorded: Recorded, log: RunLog, truth: Truth, example: Assembly) -> None:
    """Over the path cycles that were settled: against the recording, read again by numpy alone."""
    raw = np.genfromtxt(EXAMPLE.parents[1] / "data/raven2_teleop/teleop_tip_position_um_1kHz.csv.gz", delimiter=",", names=True)
    hand = np.stack([raw[name] for name in ("field0", "field1", "field2")], axis=1)[1000:21301] * 1e-6 / 3.0
    path = hand @ np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]]).T + [0.0203, 0.0059, -0.1761]
    on_path = np.flatnonzero(log.follows_path)
    start = log.t_s[on_path[0]] - log.step_t_s[on_path[0]]
    good = []
    last_bad = -np.inf
    for i in range(log.t_s.size):
        last_bad = log.t_s[i] if log.verdict[i].value != "PASS" else last_bad
        good.append(log.follows_path[i] and log.t_s[i] - last_bad >= 0.5)
    counted = np.flatnonzero(good)
    assert counted.size / on_path.size == pytest.approx(recorded.summary.pass_fraction_settled, abs=1e-12)
    t = log.t_s[counted]
    tip = truth.point("tip")
    there = np.stack([np.interp(t, truth.t_s, tip[:, i]) for i in range(3)], axis=1)
    should = np.stack([np.interp(t - start, np.arange(path.shape[0]) * 1e-3, path[:, i]) for i in range(3)], axis=1)
    rms = float(np.sqrt(np.mean(np.sum((there - should) ** 2, axis=1))))
    assert recorded.summary.tip_error_m is not None
    assert rms == pytest.approx(recorded.summary.tip_error_m.rms, rel=0.02)


def test_the_vessel_margin_recomputed_from_true_joints_agrees(recorded: Recorded, truth: Truth, example: Assembly) -> None:
    """Distance of the jaws and the wrist to the vessel's axis by sampling, from the true joints: another chain, another distance."""
    near = truth.q[::20]
    points = body_points(example.arm, near)
    start, end = np.array([0.0106, -0.0399, -0.1463]), np.array([0.0101, -0.0100, -0.1471])
    least = np.inf
    for body in example.arm.bodies:
        a, b = (points[:, example.arm.point_names.index(name)] for name in (body.points[0], body.points[-1]))
        for share in np.linspace(0.0, 1.0, 41):
            gap = segment_distance(a + share * (b - a), start, end) - 0.004 - body.radius_m
            least = min(least, float(gap.min()))
    assert recorded.summary.truth is not None
    assert least == pytest.approx(recorded.summary.truth.margin_min["vessel"], abs=3e-4)


def segment_distance(p: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    share = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
    return np.asarray(np.linalg.norm(p - a - share[:, None] * (b - a), axis=1))


def test_run_json_is_what_the_issue_asks_for(recorded: Recorded) -> None:
    found = json.loads((recorded.directory / "run.json").read_text())
    for path in (
        *("status", "cycles", "period_s", "deadline_misses", "version", "git_commit", "margin_min", "truth.margin_min"),
        *(f"verdicts.{name}" for name in ("PASS", "MODIFIED", "BACKUP", "STOP")),
        *(f"{name}.{q}" for name in ("cycle_ms", "mpc_ms", "certify_us") for q in ("median", "p99", "max")),
        *(f"tip_error_m.{q}" for q in ("rms", "p99", "max")),
        *(f"hashes.{name}" for name in ("procedure", "model", "limits")),
    ):
        functools.reduce(lambda value, key: value[key], path.split("."), found)
    assert found["period_s"] == 0.005
