"""What an attack on a run, or a disturbed line, shows first: security events, so that they are found by searching for one word."""

import time
from collections import deque
from typing import Protocol

from safety import Decision
from safety.audit import AuditLog, RecordKind
from toolkit import Verdict
from toolkit.cycle import Decided

BURST_STOPS, BURST_S = 20, 2.0
"""So many stops begun in so many seconds are a burst: motion that is stopped twenty times and resumes twenty times in two seconds."""
FOREIGN_AGAIN_S = 1.0
_STOPS = frozenset({Verdict.BACKUP, Verdict.STOP})


class Line(Protocol):
    """A device line that counts what it could not read."""

    @property
    def crc_errors(self) -> int:
        """Packets with a wrong CRC since it was opened."""

    @property
    def discarded(self) -> int:
        """Bytes that belonged to no packet since it was opened."""


class SecurityWatch:
    """Watches one run: `look` at the line now and then, `decided` with every cycle's decision.

    Every event is recorded at once. What goes on is recorded again with its number, not once a cycle: a flood must not fill the log.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._seen = (0, 0)
        self._stopping = False
        self._stops: deque[float] = deque(maxlen=BURST_STOPS)
        self._foreign, self._foreign_due_s = 0, 0.0

    def look(self, log: AuditLog) -> None:
        """Record what the line's parser threw away since the last look, if anything.

        Raises:
            AuditFault: the log has failed; from `decided` too.
        """
        now = (self._line.crc_errors, self._line.discarded)
        if now != self._seen:
            crc, discarded = (new - old for new, old in zip(now, self._seen, strict=True))
            self._seen = now
            detail = f"{crc} packets with a wrong CRC, {discarded} bytes that belonged to no packet, since the last look"
            _record(log, "malformed packet", detail, "device line")

    def decided(self, log: AuditLog, decision: Decided) -> None:
        """Record a goal in a servo that nobody here sent, and stops that come in a burst."""
        now_s = time.monotonic()
        observation = decision.observation if isinstance(decision, Decision) else None
        if observation is not None and observation.behind < 0:
            self._foreign += 1
            if now_s >= self._foreign_due_s:
                self._foreign_due_s = now_s + FOREIGN_AGAIN_S
                detail = f"a servo reports a goal that was not sent by this run, in {self._foreign} samples since the last such record"
                _record(log, "foreign goal", detail, "device line")
                self._foreign = 0
        stopping = decision.certified.verdict in _STOPS
        if stopping and not self._stopping:
            self._stops.append(now_s)
            if len(self._stops) == BURST_STOPS and now_s - self._stops[0] <= BURST_S:
                self._stops.clear()
                _record(log, "burst of stops", f"{BURST_STOPS} stops began within {BURST_S:g} s", "primum")
        self._stopping = stopping


def _record(log: AuditLog, event: str, detail: str, actor: str) -> None:
    log.append(RecordKind.SECURITY, {"event": event, "detail": detail}, actor=actor, urgent=True)
