import json
import os
import signal
from pathlib import Path

import pytest

from safety.audit import AuditLog
from safety.audit.link import WriterProcess
from safety.audit.machine_state import (
    Acknowledgements,
    OpenLog,
    acknowledge,
    machine_state_directory,
    refuse_unresolved,
    unresolved_logs,
)
from safety.audit.places import Places
from toolkit import AuditFault, InvalidInput

pytestmark = pytest.mark.requirement("AUD-022")

FAULTY = str(Path(__file__).with_name("faulty_writer.py"))


def killed(directory: Path, state: Path) -> str:
    """A log whose writer was killed; returns its name."""
    links: list[WriterProcess] = []

    def start(places: Places) -> WriterProcess:
        links.append(WriterProcess(places))
        return links[0]

    log = AuditLog(directory, {}, state=state, start_writer=start)
    os.kill(links[0].pid, signal.SIGKILL)
    links[0].wait(20.0)
    with pytest.raises(AuditFault):
        log.close()
    return log.run


def test_a_log_that_is_being_written_or_ended_in_order_stands_in_nobodys_way(tmp_path: Path) -> None:
    state = tmp_path / "state"
    refuse_unresolved(state)
    with AuditLog(tmp_path / "audit", {}, state=state):
        assert len(list(state.iterdir())) == 1
        refuse_unresolved(state)
    assert list(state.iterdir()) == []
    refuse_unresolved(state)


def test_a_killed_writer_blocks_enable_until_somebody_acknowledges_it_with_a_reason(tmp_path: Path) -> None:
    state = tmp_path / "state"
    name = killed(tmp_path / "audit", state)
    with pytest.raises(AuditFault, match=rf"enable refused: the log in {tmp_path}/audit did not end in order.*audit acknowledge"):
        refuse_unresolved(state)
    with pytest.raises(InvalidInput, match="reason"):
        acknowledge(state, "operator:anna", "  ")
    with pytest.raises(InvalidInput, match="actor"):
        acknowledge(state, "", "I looked")
    assert [log.run for log in acknowledge(state, "operator:anna", "power cut, log verified")] == [name]
    refuse_unresolved(state)
    with pytest.raises(InvalidInput, match="no log of this machine waits"):
        acknowledge(state, "operator:anna", "again")


def test_an_acknowledgement_is_kept_until_a_run_has_recorded_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    name = killed(tmp_path / "audit", state)
    acknowledge(state, "operator:anna", "power cut, log verified")
    found = Acknowledgements.read(state)
    (said,) = found.said
    assert (said["run"], said["actor"], said["reason"]) == (name, "operator:anna", "power cut, log verified")
    assert len(Acknowledgements.read(state).said) == 1
    found.recorded()
    assert Acknowledgements.read(state).said == () and list(state.iterdir()) == []


def test_a_failing_disk_blocks_enable_though_nothing_can_be_written_at_that_moment(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pytest.raises(AuditFault, match="No space"):
        AuditLog(tmp_path / "audit", {}, state=state, start_writer=lambda places: WriterProcess(places, (FAULTY, "full", "4096")))
    with pytest.raises(AuditFault, match="enable refused"):
        refuse_unresolved(state)


def test_a_log_that_was_refused_before_its_first_file_blocks_nothing(tmp_path: Path) -> None:
    AuditLog(tmp_path / "audit", {}).close()
    with pytest.raises(AuditFault, match="File exists"):
        AuditLog(tmp_path / "audit", {}, state=tmp_path / "state")
    refuse_unresolved(tmp_path / "state")


def test_a_control_process_that_died_left_a_log_that_ended_in_order(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit", {}, state=tmp_path / "state")
    log._release(20.0)
    refuse_unresolved(tmp_path / "state")


def test_a_name_that_a_power_cut_left_empty_blocks_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "abc.open").write_bytes(b"")
    assert [log.run for log in unresolved_logs(tmp_path)] == ["abc"]
    with pytest.raises(AuditFault, match="abc"):
        refuse_unresolved(tmp_path)


def test_a_state_that_cannot_be_written_is_a_fault_before_any_motion(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file")
    with pytest.raises(AuditFault, match="state cannot be written"):
        OpenLog(tmp_path / "state", "run", tmp_path)
    with pytest.raises(AuditFault, match="state cannot be written"):
        AuditLog(tmp_path / "audit", {}, state=tmp_path / "state")


def test_an_acknowledgement_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.acknowledged").write_text("{")
    with pytest.raises(AuditFault, match="cannot be read"):
        Acknowledgements.read(tmp_path)
    (tmp_path / "a.acknowledged").write_text(json.dumps({"run": "a"}))
    assert Acknowledgements.read(tmp_path).said == ({"run": "a"},)


def test_the_state_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PRIMUM_STATE", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert machine_state_directory() == tmp_path / ".local" / "state" / "primum"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "x"))
    assert machine_state_directory() == tmp_path / "x" / "primum"
    monkeypatch.setenv("PRIMUM_STATE", str(tmp_path / "p"))
    assert machine_state_directory() == tmp_path / "p"
