"""The layer decides alone and the same again: what it passes is within every limit, and each loss has its stated reaction."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import BeadSample, CoilDecision, CoilError, CoilLayer, CoilLayerLimits, CoilMemory, CoilThermal, FieldBound
from safety.coil_layer import AGAIN_MAX, NO_PROPOSAL_S
from safety.coil_layer_data import bead_sample_data, bead_sample_from, coil_decision_data, coil_memory_data, coil_memory_from
from toolkit import InvalidInput, Verdict
from toolkit.models.fluids import CentreLine, Vessel
from toolkit.models.magnetics import load_mpem_model

CALIBRATION = Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"
LIMITS = CoilLayerLimits(
    period_s=0.01, current_A=12.0, step_A=4.0, heat_W=700.0, R20_ohm=np.ones(8), field_T=0.06, gradient_T_m=2.5, field_rate_T_s=8.0,
    coil_temperature_C=80.0, cem43_min=1.0, image_age_s=0.065, noise_m=5e-6, speed_m_s=0.024, across_m_s=3e-3, settle_s=0.01,
    wall_error_m=2e-5, bead_radius_m=2.5e-4,
)  # fmt: skip
VESSEL = Vessel((CentreLine(np.array([[-4e-3, 0, 0], [0, 0, 0], [4e-3, 0, 0]])).segment("tube", 0, 2, 1.5e-3, "", 1.0),))
COLD = (22.0,) * 8


@cache
def fields() -> FieldBound:
    return FieldBound(load_mpem_model(CALIBRATION), CoilError(0.05, 0.035, 1e-3))


@pytest.fixture(scope="module")
def layer() -> CoilLayer:
    return CoilLayer(LIMITS, VESSEL, fields(), CoilThermal(np.ones(8), 350.0, 0.4, 22.0, 1.0, 80.0, 0.2))


def sample(t_s: float = 1.01, y_m: float = 0.0, age_s: float = 0.05, temperature: tuple[float | None, ...] = COLD) -> BeadSample:
    place = np.array([0.0, y_m, 0.0])
    return BeadSample(t_s, place, 1e-5, place, t_s - age_s, temperature)


def memory(layer: CoilLayer, newest_A: float = 0.0) -> CoilMemory:
    begun = layer.begin(sample(1.0))
    return replace(begun, newest_mA=np.full(8, round(1e3 * newest_A), dtype=np.int64))


def currents(*ampere: float) -> np.ndarray:
    return np.array([round(1e3 * i) for i in (*ampere, *(0.0,) * (8 - len(ampere)))], dtype=np.int64)


def test_a_proposal_within_all_limits_passes_as_it_is(layer: CoilLayer) -> None:
    decision = layer.decide(memory(layer), sample(), currents(1.0, -2.0), None)
    assert decision.certified.verdict is Verdict.PASS and decision.certified.ticks is not None
    assert decision.certified.ticks.tolist() == [1000, -2000, 0, 0, 0, 0, 0, 0]
    assert all(margin.value >= 0.0 for margin in decision.certified.margins.values())
    assert decision.memory.newest_mA.tolist() == decision.certified.ticks.tolist() and not decision.hold


@pytest.mark.parametrize(
    ("proposal", "newest_A", "row"),
    [
        (currents(12.5), 9.0, "current"),
        (currents(4.1), 0.0, "slew"),
        (currents(*[11.0] * 8), 8.0, "heat"),
        (currents(*[9.0, -9.0] * 4), 9.0, "slew"),
    ],
)
def test_a_proposal_over_a_limit_is_held_instead_and_named(layer: CoilLayer, proposal: np.ndarray, newest_A: float, row: str) -> None:
    held = memory(layer, newest_A).newest_mA // 2 + memory(layer, newest_A).newest_mA // 4
    decision = layer.decide(memory(layer, newest_A), sample(), proposal, held)
    assert decision.certified.verdict is Verdict.BACKUP and decision.hold
    assert row in decision.certified.active and row in decision.certified.reason
    assert decision.certified.ticks is not None and decision.certified.ticks.tolist() == held.tolist()


def test_field_and_gradient_are_bounded_not_estimated(layer: CoilLayer) -> None:
    """Currents whose calibrated field is just within the limit are refused: coils 5 % stronger would exceed it."""
    model = fields().model
    i = np.array([5.0, -4.0, 3.0, 5.0, -3.0, 4.0, -5.0, 2.0])
    for name, size, limit in (
        ("field", float(np.linalg.norm(model.field(np.zeros(3), i).B_tesla)), LIMITS.field_T),
        ("gradient", float(np.linalg.norm(gradient(model.field(np.zeros(3), i).g5_tesla_per_m))), LIMITS.gradient_T_m),
    ):
        scaled = np.rint(1e3 * i * 0.99 * limit / size).astype(np.int64)
        margins = layer.margins(replace(memory(layer), newest_mA=scaled), sample(), scaled, 1e-3)
        assert not margins[name].value >= 0.0, name


def gradient(g5: np.ndarray) -> np.ndarray:
    xx, xy, xz, yy, yz = g5
    return np.array([xx, xy, xz, xy, yy, yz, xz, yz, -(xx + yy)])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-14_000, 14_000), min_size=8, max_size=8), st.lists(st.integers(-12_000, 12_000), min_size=8, max_size=8))
def test_what_passes_is_within_plain_limits_whatever_was_asked(proposed: list[int], newest: list[int]) -> None:
    layer = CoilLayer(LIMITS, VESSEL, fields(), CoilThermal(np.ones(8), 350.0, 0.4, 22.0, 1.0, 80.0, 0.2))
    before = replace(layer.begin(sample(1.0)), newest_mA=np.array(newest, dtype=np.int64))
    certified = layer.decide(before, sample(), np.array(proposed, dtype=np.int64), None).certified
    assert certified.ticks is not None
    step = np.abs(certified.plan - np.vstack([before.newest_mA, certified.plan[:-1]])).max()
    if certified.verdict is Verdict.STOP:
        assert step <= 4000 and not certified.plan[-1].any()
        sizes = np.linalg.norm(np.vstack([before.newest_mA, certified.plan]), axis=1)
        assert (np.diff(sizes) <= 1.0).all()
    else:
        i = 1e-3 * certified.ticks
        assert np.abs(i).max() <= 12.0 and step <= 4000 and float((i**2).sum()) <= 700.0
        assert np.linalg.norm(fields().model.field(np.zeros(3), i).B_tesla) <= 0.06


def test_near_the_wall_the_bead_is_led_back_and_the_distance_counts_what_the_image_is_old(layer: CoilLayer) -> None:
    y = 1.5e-3 - 2.5e-4 - 2e-5 - 4 * 5e-6 - 3e-3 * (0.05 + 0.01 + 0.01)
    assert layer.wall_margin_m(sample(y_m=y)) == pytest.approx(0.0, abs=2e-6)
    assert layer.wall_margin_m(sample(y_m=y, age_s=0.15)) == pytest.approx(-3e-3 * 0.1, abs=2e-6)
    decision = layer.decide(memory(layer), sample(y_m=y + 1e-4), currents(1.0), currents(0.5))
    assert decision.certified.verdict is Verdict.BACKUP and decision.retreat and decision.certified.active == ("wall",)


def test_an_estimate_in_the_middle_does_not_outvote_an_image_at_the_wall(layer: CoilLayer) -> None:
    seen = replace(sample(), seen_m=np.array([0.0, 1.2e-3, 0.0]))
    assert layer.decide(memory(layer), seen, currents(1.0), currents(0.5)).retreat


def test_without_images_the_bead_is_held_until_t_blind_is_over_and_then_let_go(layer: CoilLayer) -> None:
    state, seen_s, verdicts = memory(layer, 0.5), 1.0, list[Verdict]()
    for k in range(1, 60):
        t = seen_s + 0.05 + 0.01 * k
        decision = layer.decide(state, replace(sample(t), image_s=seen_s), currents(*[0.5] * 8), currents(*[0.5] * 8))
        verdicts.append(decision.certified.verdict)
        state = decision.memory
        if not state.newest_mA.any():
            break
    blind = [k for k, verdict in enumerate(verdicts) if verdict is Verdict.BACKUP]
    assert verdicts[0] is Verdict.PASS and blind and verdicts[-1] is Verdict.STOP
    room_s = (1.5e-3 - 2.5e-4 - 4e-5) / 3e-3 - 0.02
    assert 0.05 + 0.01 * (blind[-1] + 1) == pytest.approx(room_s, abs=0.011)
    assert "B2" in state.stopped and "T_blind" in state.stopped


def test_a_stop_is_never_left(layer: CoilLayer) -> None:
    stopped = replace(memory(layer, 3.0), stopped="the operator said so")
    first = layer.decide(stopped, sample(), currents(3.0), currents(3.0))
    assert first.certified.verdict is Verdict.STOP and first.memory.stopped == "the operator said so"
    again = layer.decide(first.memory, sample(1.02), currents(3.0), None)
    assert again.certified.verdict is Verdict.STOP and not again.memory.newest_mA.any()


def test_without_proposals_it_holds_and_then_stops(layer: CoilLayer) -> None:
    state, held = memory(layer, 1.0), currents(*[1.0] * 8)
    t = 1.0
    while not state.stopped:
        t += 0.01
        decision = layer.decide(state, sample(t), None, held)
        state = decision.memory
        assert decision.certified.verdict in (Verdict.BACKUP, Verdict.STOP)
    assert t - 1.0 == pytest.approx(NO_PROPOSAL_S, abs=0.011) and "no proposal" in state.stopped


def test_the_newest_currents_serve_again_a_few_times_only(layer: CoilLayer) -> None:
    state, t, again = memory(layer, 1.0), 1.0, 0
    while not state.stopped:
        t += 0.01
        decision = layer.decide(state, sample(t), currents(20.0), None)
        again += decision.certified.verdict is Verdict.BACKUP
        state = decision.memory
    assert again == AGAIN_MAX


@pytest.mark.parametrize("temperature", [(*COLD[:3], None, *COLD[4:]), (*COLD[:3], 79.5, *COLD[4:]), (*COLD[:3], float("nan"), *COLD[4:])])
def test_a_hot_coil_and_one_whose_sensor_says_nothing_stop_alike(layer: CoilLayer, temperature: tuple[float | None, ...]) -> None:
    decision = layer.decide(memory(layer, 1.0), sample(temperature=temperature), currents(*[1.0] * 8), currents(*[1.0] * 8))
    refused = decision.certified.verdict is Verdict.STOP or "coil_temperature" in decision.certified.active
    assert refused and decision.certified.verdict is not Verdict.PASS


def test_far_outside_the_calibrated_workspace_nothing_passes(layer: CoilLayer) -> None:
    away = replace(sample(), p_m=np.array([9.9e-3, 0.0, 0.0]))
    assert layer.decide(memory(layer), away, currents(0.5), currents(0.5)).certified.verdict is Verdict.STOP


def test_time_must_advance_and_coils_must_be_counted(layer: CoilLayer) -> None:
    with pytest.raises(InvalidInput, match="not after"):
        layer.decide(memory(layer), sample(1.0), None, None)
    with pytest.raises(InvalidInput, match="3 currents for 8 coils"):
        layer.decide(memory(layer), sample(), np.zeros(3, dtype=np.int64), None)


def test_what_is_logged_determines_the_decision(layer: CoilLayer) -> None:
    def again(state: CoilMemory, seen: BeadSample) -> CoilDecision:
        return layer.decide(
            coil_memory_from(coil_memory_data(state)), bead_sample_from(bead_sample_data(seen)), currents(1.0), currents(0.5)
        )

    for seen in (sample(), sample(y_m=1.1e-3), sample(age_s=0.3), sample(temperature=(None, *COLD[1:]))):
        state = memory(layer, 1.0)
        assert coil_decision_data(again(state, seen)) == coil_decision_data(layer.decide(state, seen, currents(1.0), currents(0.5)))
