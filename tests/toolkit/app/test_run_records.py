import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safety.audit import read_records
from safety.audit.machine_state import acknowledge
from safety.audit.operator_key import make_operator_key
from tests.toolkit.app.runs import EXAMPLE, PROFILE, Live, Performed, line_was_late, perform, primum, was_late
from toolkit import AuditFault, InvalidInput
from toolkit.app.assembly import Assembly
from toolkit.app.log_options import LogOptions
from toolkit.app.run import run_procedure
from toolkit.app.run_records import open_log


@pytest.fixture
def options(tmp_path: Path) -> LogOptions:
    (tmp_path / "second").mkdir()
    make_operator_key("hospital.example/rig", 5, tmp_path / "operator.key", tmp_path / "operator.pub")
    return LogOptions("Anna", tmp_path / "state", tmp_path / "operator.key", tmp_path / "second", "STUDY-0042", "a phantom")


def opened(line: Assembly, directory: Path, options: LogOptions) -> list[dict[str, Any]]:
    directory.mkdir()
    open_log(line, directory, options, "primum run line.yaml").close()
    return list(read_records(directory))


def of_kind(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


@pytest.mark.requirement("AUD-029")
def test_a_log_begins_with_who_ran_what_for_whom_and_why(line: Assembly, tmp_path: Path, options: LogOptions) -> None:
    records = opened(line, tmp_path / "run", options)
    meta = records[0]["data"]["meta"]
    assert (meta["operator"], meta["subject"], meta["witness"]) == ("Anna", "STUDY-0042", "")
    assert {"hashes", "build", "procedure", "inputs"} <= meta.keys() and "model" in meta["hashes"]
    (begun,) = of_kind(records, "OPERATOR")
    assert begun["actor"] == "operator:Anna" and begun["data"] == {"action": "begin a run", "reason": "a phantom"}
    assert of_kind(records, "CONFIG") == []
    assert len(list((tmp_path / "second").iterdir())) == 1


@pytest.mark.requirement("AUD-003")
def test_what_differs_from_the_last_run_is_a_record_with_old_and_new_value(line: Assembly, tmp_path: Path, options: LogOptions) -> None:
    before = opened(line, tmp_path / "first", options)
    changed = replace(line, lower=line.lower + 1e-6)
    (record,) = of_kind(opened(changed, tmp_path / "second_run", options), "CONFIG")
    assert record["data"]["name"] == "SHA-256 of limits" and before[0]["data"]["run"] in record["data"]["reason"]
    assert (record["data"]["old"], record["data"]["new"]) == (line.hashes["limits"], changed.hashes["limits"])


@pytest.mark.requirement("AUD-012", "AUD-022")
def test_an_audit_fault_blocks_the_next_run_until_it_is_acknowledged_and_the_next_log_says_so(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(live: Live) -> None:
        os.kill(live.writer_pid, signal.SIGKILL)

    def excused(run: Performed) -> bool:
        """On a busy machine the device line, or a period, may be late before the dead writer is noticed: then that ended the run."""
        return run.outcome.exit_code != 5 and (was_late(run) or line_was_late(run))

    run = perform(line, tmp_path, monkeypatch, kill, excused=excused)
    assert run.outcome.exit_code == 5, run.outcome
    options = LogOptions.resolve()
    with pytest.raises(AuditFault, match=rf"enable refused.*{run.directory}/audit"):
        run_procedure(Path(line.procedure.file), tmp_path / "next", lambda status: None, line, options=options)
    assert not (tmp_path / "next").exists()
    acknowledge(options.state, "operator:Ben", "disk replaced, log verified")
    (_, said) = of_kind(opened(line, tmp_path / "next", options), "OPERATOR")
    assert said["actor"] == "operator:Ben" and said["data"]["reason"] == "disk replaced, log verified"
    assert str(run.directory) in said["data"]["action"]
    assert len(of_kind(opened(line, tmp_path / "after", options), "OPERATOR")) == 1


@pytest.mark.requirement("AUD-015", "AUD-003")
def test_a_run_says_which_device_it_is_and_what_it_changed_in_it(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch)
    (device,) = (data["device"] for data in run.of_kind("EVENT") if "device" in data)
    assert device["serial_number"] == "simulated" and len(device["servos"]) == line.arm.n
    assert {"id", "model_number", "firmware"} == device["servos"][0].keys()
    changes = run.of_kind("CONFIG")
    assert {"name": "servo 1: operating_mode", "old": 3, "new": 4, "reason": "the device profile asks for it"} in changes


@pytest.mark.requirement("AUD-009", "AUD-010")
def test_an_operator_key_in_the_run_directory_is_refused_and_the_next_log_says_so_once(
    line: Assembly, tmp_path: Path, options: LogOptions
) -> None:
    inside = replace(options, operator_key=tmp_path / "run" / "operator.key")
    with pytest.raises(InvalidInput, match="handed to others"):
        run_procedure(Path(line.procedure.file), tmp_path / "run", lambda status: None, line, options=inside)
    assert options.operator_key is not None
    options.operator_key.chmod(0o644)
    with pytest.raises(AuditFault, match="only its owner can read"):
        run_procedure(Path(line.procedure.file), tmp_path / "run", lambda status: None, line, options=options)
    options.operator_key.chmod(0o600)
    first, second = of_kind(opened(line, tmp_path / "next", options), "SECURITY")
    assert first["data"]["event"] == second["data"]["event"] == "refused access"
    assert "handed to others" in first["data"]["detail"] and "only its owner can read" in second["data"]["detail"]
    assert of_kind(opened(line, tmp_path / "after", options), "SECURITY") == []


def test_a_key_that_cannot_be_used_is_refused_before_anything_is_made(line: Assembly, tmp_path: Path, options: LogOptions) -> None:
    assert options.operator_key is not None
    before = options.operator_key.read_bytes()
    options.operator_key.chmod(0o644)
    with pytest.raises(AuditFault, match="chmod 600"):
        run_procedure(Path(line.procedure.file), tmp_path / "run", lambda status: None, line, options=options)
    assert not (tmp_path / "run").exists() and options.operator_key.read_bytes() == before


def test_identifying_the_tube_moves_no_arm_either_while_a_log_is_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIMUM_STATE", str(tmp_path))
    (tmp_path / "0123.open").write_text("")
    refused = primum("identify-tube", str(PROFILE), "--out", str(tmp_path / "tube.yaml"), cwd=tmp_path)
    assert refused.returncode == 5 and "enable refused" in refused.stderr and not (tmp_path / "tube.yaml").exists()


def test_keys_and_acknowledgements_from_the_command_line(tmp_path: Path) -> None:
    made = primum("audit", "keygen", "hospital.example/rig", "--out", str(tmp_path), "--runs", "3", cwd=tmp_path)
    assert made.returncode == 0 and (tmp_path / "operator.pub").read_text().startswith("hospital.example/rig+")
    again = primum("audit", "keygen", "hospital.example/rig", "--out", str(tmp_path), cwd=tmp_path)
    assert again.returncode == 2 and "never written over" in again.stderr
    nothing = primum("audit", "acknowledge", "--reason", "I looked", cwd=tmp_path)
    assert nothing.returncode == 2 and "no log of this machine waits" in nothing.stderr
    wrong = primum("run", str(EXAMPLE), "--out", str(tmp_path / "run"), "--subject", "Anna Meier", cwd=tmp_path)
    assert wrong.returncode == 2 and "a pseudonym" in wrong.stderr and not (tmp_path / "run").exists()
