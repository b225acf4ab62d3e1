"""The command line: help, checks, figures again, exit codes, and what a terminal does to it."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from devices import load_profile, load_tube
from safety.audit import read_records, verify
from tests.toolkit.app.conftest import Primum, Recorded
from tests.toolkit.app.runs import ATTEMPTS, EXAMPLE, PRIMUM, PROFILE, Live, children, is_running, last_cycle, perform, was_late
from toolkit.app import run
from toolkit.app.assembly import Assembly
from toolkit.app.view import LiveView


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Exit codes: 0 done, 2 bad input, 3 stopped by safety or the operator"),
        (("run",), "Ctrl-C stops the arm along its certified plan, disables it and exits with 3"),
        (("validate",), "Touches no device"),
        (("identify-tube",), "The arm moves, in free space"),
        (("report",), "every reason listed and nothing written"),
        (("verify",), "re-checks without this code"),
        (("check",), "none of the code that made the proofs"),
        (("doctor",), "real-time scheduling, clock, disk"),
        (("audit", "verify"), "Exit code 5 if a record was edited"),
        (("devices",), "Nothing here moves anything"),
        (("devices", "probe"), "never enables torque"),
        (("devices", "list"), "Serial ports of this machine"),
        (("bench", "mpc"), "IPOPT and do-mpc"),
        (("bench", "fields"), "by us and by mag-manip"),
        (("selftest",), "3 if it refuses (every reason is printed)"),
        (("campaign", "shield"), "no certified plan may violate a constraint"),
        (("trace",), "Exit code 3 on a gap"),
        (("sbom",), "if an installed version is not the locked one"),
    ],
)
def test_help_says_what_a_command_does(words: tuple[str, ...], says: str, primum: Primum) -> None:
    code, out, _ = primum(*words, "--help")
    assert code == 0 and says in re.sub(r"[\s│]+", " ", out)


@pytest.mark.parametrize("words", [("frobnicate",), ("run",), ("run", EXAMPLE), ("identify-tube", PROFILE, "--cycles", "3")])
def test_a_command_line_that_is_wrong_is_bad_input(words: tuple[object, ...], primum: Primum) -> None:
    code, out, err = primum(*words)
    assert code == 2 and "Traceback" not in out + err and err


def test_validate_tells_what_it_checked(primum: Primum, example: Assembly) -> None:
    code, out, _ = primum("validate", EXAMPLE)
    assert code == 0 and out.rstrip().endswith("valid")
    assert "vessel (keep_out_capsule)" in out and example.hashes["model"] in out
    assert "note: " in out, "limits on which sources disagree are told"


def test_doctor_and_devices_list_tell_what_is_here(primum: Primum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = primum("doctor")
    assert code == 0 and all(word in out for word in ("casadi", "SCHED_FIFO", "monotonic clock", "fsync", "processor cores"))
    assert not any(tmp_path.iterdir()), "it leaves nothing"
    code, out, _ = primum("devices", "list")
    assert code == 0 and "psm_classic" in out


@pytest.mark.requirement("CYB-007")
def test_a_probe_finds_the_servos_and_writes_nothing(primum: Primum, tmp_path: Path) -> None:
    code, out, _ = primum("devices", "probe", PROFILE)
    assert code == 0 and len(re.findall(r"│ +\d +│ .*1020", out)) == 7
    code, _, err = primum("devices", "probe", tmp_path / "none.yaml")
    assert code == 2 and "none.yaml" in err


@pytest.mark.requirement("AUD-005")
def test_a_tampered_log_is_an_audit_fault_and_the_record_is_named(recorded: Recorded, tmp_path: Path, primum: Primum) -> None:
    shutil.copytree(recorded.directory / "audit", tmp_path / "audit")
    code, out, _ = primum("audit", "verify", tmp_path)
    assert code == 0 and out.startswith("INTACT")
    segment = tmp_path / "audit" / "000000.jsonl"
    lines = segment.read_bytes().split(b"\n")
    assert b'"verdict":"PASS"' in lines[300]
    lines[300] = lines[300].replace(b'"verdict":"PASS"', b'"verdict":"STOP"')
    segment.write_bytes(b"\n".join(lines))
    code, out, _ = primum("audit", "verify", tmp_path)
    assert code == 5 and "000000.jsonl:301: record 300 was changed" in out
    code, _, err = primum("audit", "verify", tmp_path / "nothing")
    assert code == 2 and "there is no log here" in err


@pytest.mark.requirement("AUD-028")
def test_figures_computed_again_are_the_same(recorded: Recorded, tmp_path: Path, primum: Primum) -> None:
    again = tmp_path / "again"
    shutil.copytree(recorded.directory, again)
    before = json.loads((again / "run.json").read_text())
    (again / "report.html").unlink()
    code, out, _ = primum("report", again)
    assert code == 0 and "completed after" in out
    after = json.loads((again / "run.json").read_text())
    # Which program computed them may differ; what was computed may not.
    assert {k: v for k, v in after.items() if k != "git_commit"} == {k: v for k, v in before.items() if k != "git_commit"}
    assert (again / "report.html").stat().st_size > 100_000
    (again / "run.json").unlink()  # what it says follows from the log
    code, _, _ = primum("report", again)
    after = json.loads((again / "run.json").read_text())
    assert code == 0 and all(after[name] == before[name] for name in ("status", "exit_code", "cycles", "verdicts", "margin_min"))


def test_identify_tube_writes_a_tube_that_loads(primum: Primum, tmp_path: Path) -> None:
    """A quick one: what it measures in so few cycles is no basis for anything."""
    profile = load_profile(PROFILE)
    shipped = profile.tube_path.read_bytes()
    code, out, err = primum("identify-tube", PROFILE, "--out", tmp_path / "tube.yaml", "--cycles", 1000)
    if code == 4 and "late" in err:
        pytest.skip(f"this machine is too busy to identify anything: {err}")
    assert code == 0, err
    assert str(tmp_path / "tube.yaml") in out and "insertion" in out
    tube = load_tube(tmp_path / "tube.yaml", profile)
    assert tube.e.shape == (7,) and (tube.e > tube.e_monitor).all()
    assert profile.tube_path.read_bytes() == shipped


@pytest.mark.requirement("SAF-047")
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_real_arm_is_not_moved_before_a_person_agreed(
    answer: str, primum: Primum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PROFILE.read_text().replace("url: simulated", "url: loop://")
    (tmp_path / "profile.yaml").write_text(re.split(r"^simulator:", text, flags=re.MULTILINE)[0])
    monkeypatch.setattr("devices.identify_tube", lambda *args, **named: pytest.fail("the arm was moved"))
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    code, out, _ = primum("identify-tube", tmp_path / "profile.yaml")
    assert code == 1 and "Is the room clear?" in out


def started(line: Assembly, directory: Path) -> "subprocess.Popen[str]":
    """`primum run` of the slow line in a session of its own, when it moves along the line."""
    command = [*PRIMUM, "run", line.procedure.file, "--out", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60.0
    while process.poll() is None and time.monotonic() < deadline:
        cycle = last_cycle(directory / "audit")
        if cycle.get("step", {}).get("index") == 2 and cycle["step"]["t_s"] >= 0.1:
            return process
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"it did not get there: {process.communicate()}")


@pytest.mark.requirement("SAF-028")
@pytest.mark.parametrize(
    ("number", "said"),
    [
        pytest.param(signal.SIGINT, "Ctrl-C", id="ctrl_c"),
        pytest.param(signal.SIGTERM, "termination", id="termination", marks=pytest.mark.campaign),
        pytest.param(signal.SIGHUP, "the terminal was closed", id="hang_up"),
    ],
)
def test_a_signal_to_all_stops_disables_reports_and_exits_with_3(number: signal.Signals, said: str, line: Assembly, tmp_path: Path) -> None:
    """It goes to every process of the group, as from a terminal; only the front end decides. Again if the machine was late: see runs.py."""
    for attempt in range(ATTEMPTS):
        directory = tmp_path / f"run{attempt}"
        process = started(line, directory)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
        found = json.loads((directory / "run.json").read_text())
        if "missed in a row" not in found["reason"] and "setpoints behind" not in found["reason"]:
            break
    assert process.returncode == 3 and f"stopped by the operator ({said})" in err and "Traceback" not in err
    assert found["status"] == "stopped" and found["exit_code"] == 3 and min(found["truth"]["margin_min"].values()) >= 0.0
    assert "UNPROVED" in out and (directory / "report.html").exists()
    assert [r["data"]["state"] for r in read_records(directory / "audit") if r["kind"] == "STATE"] == ["ENABLED", "DISABLED"]
    stops = [r["data"] for r in read_records(directory / "audit") if r["kind"] == "CYCLE" and r["data"]["verdict"] == "STOP"]
    assert stops and all(cycle["ticks"] is not None for cycle in stops), "the certified tail goes on, it is no abrupt hold"
    assert verify(directory).closed


@pytest.mark.requirement("SAF-027")
def test_when_the_front_end_is_killed_everything_else_stops_too(line: Assembly, tmp_path: Path) -> None:
    process = started(line, tmp_path / "run")
    family = {pid for pid, _ in children(process.pid)}
    family |= {pid for parent in family for pid, _ in children(parent)}
    assert len(family) >= 3, "control process, log writer, simulated arm"
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 60.0
    while any(is_running(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in family if is_running(pid)], "nothing is left behind"
    assert verify(tmp_path / "run").ok
    cycles = [r["data"] for r in read_records(tmp_path / "run" / "audit") if r["kind"] == "CYCLE"]
    assert cycles[-1]["verdict"] == "STOP" and cycles[-1]["reason"], "the log says why"


@pytest.mark.requirement("CYB-006")
def test_the_live_view_shows_a_run_and_its_end_does_not_end_the_run(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views: list[LiveView] = []
    urls: list[str] = []
    start = run.start_view
    monkeypatch.setattr(run, "start_view", lambda *args: views.append(start(*args, 18200)) or views[-1])  # type: ignore[func-returns-value]

    def look(live: Live) -> None:
        with urllib.request.urlopen(urls[-1], timeout=10) as answer:  # noqa: S310  it is the view's own address on this machine
            assert answer.status == 200
        assert views[-1].pushed >= 1
        os.kill(views[-1]._process.pid, signal.SIGKILL)

    performed = perform(line, tmp_path, monkeypatch, look, excused=was_late, viewed=urls.append)
    assert performed.outcome.exit_code == 0, performed.outcome
    assert urls[-1].startswith("http://127.0.0.1:")
    view = views[-1]
    assert view.pushed + view.dropped == len(performed.statuses) and view.dropped >= 1
    assert not view.running
