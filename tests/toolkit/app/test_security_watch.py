"""Security events of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety import Decision, Observation
from safety.audit import AuditLog, RecordKind, read_records
from toolkit import CertifiedCommand, Verdict
from toolkit.app import security_watch
from toolkit.app.security_watch import BURST_S, BURST_STOPS, FOREIGN_AGAIN_S, SecurityWatch


@dataclass
class Line:
    crc_errors: int = 0
    discarded: int = 0


class Watched:
    """A log and a watch, and a clock that stands until it is told to go on."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.line, self._directory = 100.0, Line(), directory
        monkeypatch.setattr(security_watch.time, "monotonic", lambda: self.now_s)
        self.watch, self.log = SecurityWatch(self.line), AuditLog(directory / "audit", {})

    def decided(self, verdict: Verdict, behind: int | None = 0) -> None:
        certified = CertifiedCommand(None, np.zeros((1, 2), dtype=np.int64), verdict)
        decision = Decision(certified, None if behind is None else Observation(0.1, behind, 0.001), "")
        self.watch.decided(self.log, decision)

    def events(self) -> list[tuple[str, str]]:
        self.log.flush()
        said = [record["data"] for record in read_records(self._directory) if record["kind"] == RecordKind.SECURITY]
        return [(data["event"], data["detail"]) for data in said]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    watched = Watched(tmp_path, monkeypatch)
    yield watched
    monkeypatch.undo()
    watched.log.close()


@pytest.mark.requirement("AUD-030", "AUD-010")
def test_malformed_packets_are_recorded_once_with_their_number(watched: Watched) -> None:
    watched.watch.look(watched.log)
    watched.line.crc_errors, watched.line.discarded = 3, 12
    watched.watch.look(watched.log)
    watched.watch.look(watched.log)
    assert watched.events() == [
        ("malformed packet", "3 packets with a wrong CRC, 12 bytes that belonged to no packet, since the last look")
    ]


@pytest.mark.requirement("AUD-010")
def test_a_foreign_goal_is_recorded_at_once_and_a_flood_of_them_by_number(watched: Watched) -> None:
    for _ in range(50):
        watched.decided(Verdict.STOP, behind=-1)
    assert [event for event, _ in watched.events()] == ["foreign goal"]
    watched.now_s += FOREIGN_AGAIN_S
    watched.decided(Verdict.STOP, behind=-1)
    watched.decided(Verdict.STOP, behind=None)
    assert [detail.split(", in ")[1].split(" ")[0] for _, detail in watched.events()] == ["1", "50"]


@pytest.mark.requirement("AUD-010")
@pytest.mark.parametrize("verdict", [Verdict.BACKUP, Verdict.STOP])
def test_stops_in_a_burst_are_an_event_and_a_long_stop_or_slow_ones_are_none(watched: Watched, verdict: Verdict) -> None:
    for _ in range(10 * BURST_STOPS):
        watched.decided(verdict)
    step_s = 1.01 * BURST_S / (BURST_STOPS - 1)
    for _ in range(2 * BURST_STOPS):
        watched.decided(Verdict.PASS)
        watched.now_s += step_s
        watched.decided(verdict)
    assert watched.events() == []
    for _ in range(2 * BURST_STOPS):
        watched.decided(Verdict.MODIFIED)
        watched.decided(verdict)
    assert [event for event, _ in watched.events()] == ["burst of stops"] * 2
