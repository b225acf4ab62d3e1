"""A swimmer's run in real time: firmware on a pty, a true helix in the field of its currents, rendered images, log, figures, replay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.simulated_coils.firmware import compiler
from safety.audit import verify
from tests.toolkit.app.test_robot_run import Ran, of_a_quiet_host, run
from toolkit.app.replay import replay_run
from verification.run_directory import read_truth

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the rig runs the firmware's own code")
EXAMPLE = Path(__file__).parents[3] / "examples" / "procedures" / "helix_swimmer.yaml"


def short_procedure(directory: Path) -> Path:
    """The example on a smaller way, its files found from where it now is."""
    text = EXAMPLE.read_text().replace("../", f"{EXAMPLE.parents[1]}/")
    for old, new in (("half_width_m: 2.0e-3", "half_width_m: 0.5e-3"), ("half_height_m: 0.75e-3", "half_height_m: 0.1e-3")):
        assert old in text
        text = text.replace(old, new)
    path = directory / "procedure.yaml"
    path.write_text(text.replace("turn_s: 60", "turn_s: 12"))
    return path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("swimmer")
        yield of_a_quiet_host(folder, lambda d: run(d, patch, procedure=short_procedure(d)), lambda ran: ran.outcome.exit_code == 0)


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
