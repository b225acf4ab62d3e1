"""A swimmer's and a roller's run in real time: firmware on a pty, a true robot in the field of its currents, images, log, replay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.simulated_coils.firmware import compiler
from safety.audit import verify
from tests.toolkit.app.test_robot_run import Ran, of_a_quiet_host, run
from toolkit.app.replay import replay_run
from verification.run_directory import read_truth

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the rig runs the firmware's own code")
PROCEDURES = Path(__file__).parents[3] / "examples" / "procedures"
SMALLER = {"half_width_m: 2.0e-3": "half_width_m: 0.5e-3", "half_height_m: 0.75e-3": "half_height_m: 0.1e-3", "turn_s: 60": "turn_s: 12"}
SHORTER = {"to_s: 120": "to_s: 67"}


def short_procedure(directory: Path, name: str, changes: dict[str, str]) -> Path:
    """An example on a smaller or shorter way, its files found from where it now is."""
    text = (PROCEDURES / name).read_text().replace("../", f"{PROCEDURES.parent}/")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = directory / "procedure.yaml"
    path.write_text(text)
    return path


def completed(folder: Path, patch: pytest.MonkeyPatch, name: str, changes: dict[str, str]) -> Ran:
    def attempt(directory: Path) -> Ran:
        return run(directory, patch, procedure=short_procedure(directory, name, changes))

    return of_a_quiet_host(folder, attempt, lambda ran: ran.outcome.exit_code == 0)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with pytest.MonkeyPatch.context() as patch:
        yield completed(tmp_path_factory.mktemp("swimmer"), patch, "helix_swimmer.yaml", SMALLER)


@pytest.mark.requirement("MAG-001", "MAG-002", "MAG-003", "MAG-006")
def test_a_roller_follows_a_recorded_way_in_step_and_its_log_comes_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rolled = completed(tmp_path, monkeypatch, "cellbot_roller.yaml", SHORTER)
    assert rolled.summary.truth is not None and rolled.summary.tracking_error_m is not None
    kept = {name: margin for name, margin in rolled.summary.truth.margin_min.items() if name != "slew"}
    assert all(margin >= 0.0 for margin in kept.values()) and "in_step" in kept, kept
    assert rolled.summary.tracking_error_m.mae <= 100e-6, rolled.summary.tracking_error_m
    again = replay_run(rolled.directory)
    assert again.found.is_identical and again.found.decisions == rolled.summary.cycles
    assert (rolled.directory / "inputs" / "record.csv.gz").exists()
    assert "rests on the floor" in (rolled.directory / "report.html").read_text()


@pytest.mark.requirement("MAG-001", "MAG-003", "MAG-006")
def test_it_follows_its_figure_in_step_and_keeps_every_limit_in_truth(ran: Ran) -> None:
    summary = ran.summary
    assert summary.status == "completed" and summary.truth is not None and summary.tracking_error_m is not None
    kept = {name: margin for name, margin in summary.truth.margin_min.items() if name != "slew"}
    assert all(margin >= 0.0 for margin in kept.values()), kept
    assert set(kept) == {"current", "heat", "coil_temperature", "field", "gradient", "wall", "in_step"}
    assert kept["in_step"] < 1.5, "the field does turn the helix: its moment lags"
    assert summary.tracking_error_m.mae <= 300e-6, summary.tracking_error_m
    assert 0.9 * summary.cycles < summary.verdicts.PASS
    assert [row.id for row in summary.assumptions] == ["B1", "B2", "B3", "B4", "B5", "B6", "B7"]
    assert "slip_rad" in read_truth(ran.directory / "truth.bin").columns


@pytest.mark.requirement("MAG-002")
def test_its_log_is_whole_and_every_decision_comes_out_again(ran: Ran) -> None:
    assert verify(ran.directory / "audit").ok
    again = replay_run(ran.directory)
    assert again.found.is_identical and again.found.decisions == ran.summary.cycles
    page = (ran.directory / "report.html").read_text()
    assert "in_step" in page and "UNPROVED" in page
