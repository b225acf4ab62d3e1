from pathlib import Path

import numpy as np
import pytest

from toolkit import InvalidInput
from toolkit.models.microrobots import CellbotModel, CellbotRecord, Spans, held_out_rms_px, load_cellbot_record, spans

FILE = Path(__file__).parents[4] / "examples/data/cellbots/cellbot_openloop_robot1.csv.gz"
SPEED_MAX = 1500.0
STILL = CellbotModel(np.zeros((2, 2)), np.zeros(2))


@pytest.fixture(scope="module")
def data() -> Spans:
    return spans(load_cellbot_record(FILE), 10, SPEED_MAX)


def test_held_out_displacements_are_predicted_within_23_px(data: Spans) -> None:
    """0.43 s; no motion is off by about 96 px and a constant gain by about 34."""
    assert data.duration_s.mean() == pytest.approx(0.43, abs=0.005) and data.first.size > 11_000
    assert STILL.rms_error_px(data) == pytest.approx(95.1, abs=1.0)
    for blocks in (2, 5, 10, 20):
        assert held_out_rms_px(data, blocks, 30) < 21.0
        assert 33.0 < held_out_rms_px(data, blocks, 30, constant_gain=True) < 38.0


def test_a_model_of_every_other_part_predicts_the_parts_between_within_23_px(data: Spans) -> None:
    part = np.floor(data.first / 1200.0) % 2
    model = CellbotModel.fit(data.chosen(part == 0.0))
    assert 15.0 < model.rms_error_px(data.chosen(part == 1.0)) < 23.0


def test_rates_that_were_never_seen_are_predicted_worse(data: Spans) -> None:
    """The record sweeps the rate upwards: its first half says too little about its second. This is a limit, and it is known."""
    slow = data.first < 6000.0
    model = CellbotModel.fit(data.chosen(slow))
    assert 23.0 < model.rms_error_px(data.chosen(~slow)) < 30.0


def test_the_jump_of_the_tracker_is_in_no_span(data: Spans) -> None:
    assert np.linalg.norm(data.displacement_px, axis=1).max() < 350.0


def test_a_known_robot_is_identified() -> None:
    rng = np.random.default_rng(5)
    n = 400
    alpha, rate, dt = 0.05 * np.arange(n), 5.0 + rng.random(n), 0.04 + 0.004 * rng.random(n)
    gain, drift = np.array([[8.0, -2.0], [2.5, 9.0]]), np.array([1.5, -0.7])
    command = rate[:, None] * np.column_stack([np.cos(alpha), -np.sin(alpha)])
    position = np.cumsum((command @ gain.T + drift) * dt[:, None], axis=0)
    record = CellbotRecord(np.arange(n), dt, position, alpha, rate, np.zeros(n))
    model = CellbotModel.fit(spans(record, 10, SPEED_MAX))
    assert model.gain_px_s_hz == pytest.approx(gain, abs=1e-9) and model.drift_px_s == pytest.approx(drift, abs=1e-8)


def test_nonsense_is_refused(data: Spans) -> None:
    record = load_cellbot_record(FILE)
    for frames in (0, 20_000, True, 1.5):
        with pytest.raises(InvalidInput, match="frames"):
            spans(record, frames, SPEED_MAX)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="rank"):
        CellbotModel.fit(data.chosen(data.first == 3.0))
    with pytest.raises(InvalidInput, match="gain_px_s_hz"):
        CellbotModel(np.full((2, 2), np.nan), np.zeros(2))
    with pytest.raises(InvalidInput, match="commanded"):
        STILL.displacement_px(np.array([[np.inf, 0.0]]), np.ones(1))
