"""Bad input is refused before anything starts: exit code 2, one message that names file, line and field, nothing left behind."""

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devices import load_profile
from tests.toolkit.app.runs import EXAMPLE, PROFILE, line_steps, procedure_text
from toolkit.app import cli, run
from toolkit.app.assembly import assemble

Outcome = tuple[int, str]
Refused = Callable[[str], Outcome]
EXAMPLE_STEPS = EXAMPLE.read_text().split("steps:\n")[1]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """`primum run` of a procedure text in a process where starting an arm is a failure."""

    def launch(*args: object, **named: object) -> None:
        pytest.fail("a device was started")

    monkeypatch.setattr(run, "launch_simulated_arm", launch)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def refuse(text: str) -> Outcome:
        path, directory = tmp_path / "procedure.yaml", tmp_path / "run"
        path.write_text(text)
        monkeypatch.setattr("sys.argv", ["primum", "run", str(path), "--out", str(directory)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        assert not directory.exists() and not any(temporary.iterdir()), "something was left behind"
        return int(str(exit_.value.code)), capsys.readouterr().err

    return refuse


def slow_line(**changes: str) -> str:
    return procedure_text(line_steps(), {re.escape(old): new for old, new in changes.items()})


@pytest.mark.requirement("WSP-012", "WSP-013", "WSP-014", "WSP-015", "WSP-017", "WSP-018")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lambda: slow_line(**{"LARGE_NEEDLE_DRIVER:400006": "PROGRASP_FORCEPS:400093"}), r"arm: .*400093.*profile is for.*400006"),
        (lambda: slow_line(**{"valid_days_max: 36500": "valid_days_max: 365"}), r"A5\.calibrated: 2020-01-01.*365 days old"),
        (lambda: slow_line(**{"2020-01-01": "2999-01-01"}), r"calibrated: 2999-01-01.*not in the future"),
        (
            lambda: slow_line(**{"[0.0106, -0.0399, -0.1463]": "[0.0, 0.0, -0.114]", "[0.0101, -0.0100, -0.1471]": "[0.01, 0.0, -0.114]"}),
            r"home: resting here would violate.*vessel by",
        ),
        (
            lambda: slow_line(**{"[0.006, 0.005, -0.118]": "[0.0, 0.055, -0.015]"}),
            r"steps\[2\]\.move_cp\.position_B_m: \[0\.0, 0\.055, -0\.015\] m at t = 0\.00 s cannot be reached: .*pitch",
        ),
        (lambda: slow_line(**{"[0.006, 0.005, -0.118]": "[0.006, 0.005, -118.0]"}), r"position_B_m.*-118"),
        (lambda: slow_line(**{"[0.006, 0.005, -0.118]": "[0.009, -0.02, -0.1467]"}), r"steps\[2\]\.move_cp.*vessel"),
        (lambda: procedure_text(EXAMPLE_STEPS, {"unit: um": "unit: mm"}), r"teleop_tip_position_um_1kHz\.csv\.gz:\d+: .*implausible"),
        (
            lambda: procedure_text(EXAMPLE_STEPS, {"scale: 0.3333333333333333": "scale: 1.0"}),
            r"steps\[2\]\.servo_path\.to_B: .* t = 5\.30 s cannot be reached: .*pitch",
        ),
        (lambda: procedure_text(EXAMPLE_STEPS, {"to_s: 21.3": "to_s: 900.0"}), r"csv\.gz:\d+: truncated: the file ends after \d+ rows"),
        (lambda: slow_line(radius_m="radus_m"), r"procedure\.yaml:\d+: constraints\[vessel\]\.radus_m: .*did you mean 'radius_m'"),
        (lambda: slow_line(**{"radius_m: 0.004": "radius_m: .nan"}), r"procedure\.yaml:\d+: .*radius_m.*nan"),
        (lambda: slow_line(**{"yaw_rad: 0.0": "jaw_angle_rad: 0.0"}), r"procedure\.yaml:\d+: .*jaw_angle"),
        (lambda: slow_line(**{"insertion_m: 0.12": "insertion_m: 0.30"}), r"insertion.*0\.3"),
        (lambda: slow_line(**{"offset_m: 0.175": "offset_m: -0.175"}), r"abdomen: empty"),
        (lambda: slow_line(**{"watchdog_ms: 300": "watchdog_ms: 200"}), r"A3\.watchdog_ms: 200: the profile sets 300 ms"),
        (lambda: slow_line(**{"losses_max: from_profile": "losses_max: 7"}), r"A2\.losses_max: 7: the tube was identified for 2"),
        (lambda: slow_line(**{"stage_s: 0.02": "stage_s: 0.013"}), r"stage_s.*servo periods"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_procedure_that_cannot_work_is_refused(text: Callable[[], str], words: str, refused: Refused) -> None:
    exit_code, message = refused(text())
    assert exit_code == 2, message
    assert message.startswith("refused: ") and message.count("refused: ") == 1 and "Traceback" not in message
    for line in message.strip().splitlines():  # several mistakes are told at once, each in its place
        assert re.search(r"\.(yaml|gz):\d+: ", line), f"no file and line: {line}"
    assert re.search(words, message), message


@pytest.mark.requirement("SAF-024")
def test_an_enable_step_that_the_tube_does_not_cover_is_refused(refused: Refused, tmp_path: Path) -> None:
    """The theorem begins with the arm inside the tube of its first setpoint; the shipped profile is 16 % inside in the joint nearest."""
    profile = load_profile(PROFILE)
    assert np.all(profile.enable_offset <= profile.load_tube().e)
    shutil.copytree(PROFILE.parent, tmp_path / "profile")
    for step, allowed in ((100, False), (19, False), (18, True)):
        text = re.sub("enable_step_ticks: 6", f"enable_step_ticks: {step}", PROFILE.read_text())
        (tmp_path / "profile" / "profile.yaml").write_text(text)
        changed = load_profile(tmp_path / "profile" / "profile.yaml")
        e, tick = changed.load_tube().e, changed.tick_map.abs_M.sum(axis=1)
        assert np.all(tick * (step + changed.encoder_error_ticks) + changed.joint_error <= e) == allowed
        procedure = slow_line(**{str(PROFILE): str(tmp_path / "profile" / "profile.yaml")})
        if allowed:
            (tmp_path / "line.yaml").write_text(procedure)
            assert assemble(tmp_path / "line.yaml").profile.enable_step_ticks == step
        else:
            exit_code, message = refused(procedure)
            assert exit_code == 2 and re.search(rf"profile\.yaml:\d+: enable_step_ticks: {step}: joint \w+ may be .* its tube e", message)


@pytest.mark.requirement("WSP-016")
def test_a_truncated_recording_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "hand.csv").write_text("field0,field1,field2\n" + "1000,2000,3000\n" * 500 + "1000,20")
    text = procedure_text(EXAMPLE_STEPS, {r"\S*/raven2_teleop/\S+": str(tmp_path / "hand.csv"), "from_s: 1.0": "from_s: 0.0"})
    exit_code, message = refused(text)
    assert exit_code == 2 and re.search(r"hand\.csv:502: truncated: the last line has no end", message)


def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["primum", "run", str(tmp_path / "none.yaml"), "--out", str(tmp_path / "run")])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert "none.yaml" in capsys.readouterr().err and not (tmp_path / "run").exists()


@pytest.mark.requirement("AUD-003")
@pytest.mark.parametrize("place", ["full", "file", "file/below"])
def test_a_run_directory_that_cannot_be_one_is_refused_and_left_alone(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine too")
    (tmp_path / "procedure.yaml").write_text(slow_line())
    monkeypatch.setattr(run, "launch_simulated_arm", lambda *args, **named: pytest.fail("a device was started"))
    monkeypatch.setattr("sys.argv", ["primum", "run", str(tmp_path / "procedure.yaml"), "--out", str(tmp_path / place)])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    message = capsys.readouterr().err
    assert str(tmp_path / place) in message and re.search("already holds something|cannot be a run directory", message)
    assert {path.name for path in tmp_path.rglob("*")} == {"full", "notes.txt", "file", "procedure.yaml"}
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine" and (tmp_path / "file").read_text() == "mine too"
