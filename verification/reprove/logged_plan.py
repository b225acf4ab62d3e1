"""Every plan that a log says was certified, strictly read: whole ticks, finite numbers, or one error that names the record."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

from safety.audit import RecordKind
from toolkit import SpecificationError

from .servo_hull import Ticks

REGISTER = 2**31
JUDGED = ("PASS", "MODIFIED")
"""Verdicts whose margins belong to the plan beside them; a tail carries those of the plan it is the rest of."""


@dataclass(frozen=True)
class Sample:
    """A measurement as a cycle used it. age_s: when it was used."""

    q: tuple[float, ...]
    ticks: Ticks
    goal_ticks: Ticks
    writes_since: int
    healthy: bool
    age_s: float


@dataclass(frozen=True)
class LoggedPlan:
    """One decision. record: its sequence number; cycle: its index, None for an enable; t_s: since the log's first record.

    history, plan: setpoints sent before, newest last, and the plan whose head is sent. sent: that head; None where nothing was to be sent.
    margins: as logged; None where they are those of another plan. violated: an assumption (A1 .. A4) that was latched before.
    """

    record: int
    cycle: int | None
    t_s: float
    verdict: str
    history: tuple[Ticks, ...]
    plan: tuple[Ticks, ...]
    sent: Ticks | None
    margins: Mapping[str, float] | None
    sample: Sample | None
    violated: str

    @property
    def where(self) -> str:
        """For people."""
        return f"cycle {self.cycle} (record {self.record})" if self.cycle is not None else f"enable (record {self.record})"


def logged_plans(lines: Iterable[bytes], servos: int) -> Iterator[LoggedPlan]:
    """The plans of a log's records, in order, one line a record.

    Raises:
        SpecificationError: a line that is no record, a tick that is no integer of a servo's 32 bits, a number that is not finite.
    """
    first_ns = None
    for number, line in enumerate(lines):
        read = _Reader(number, servos)
        record = read.parsed(line)
        kind, data = read.field(record, "kind", str), read.field(record, "data", dict)
        mono_ns = read.wide(record, "mono_ns")
        first_ns = mono_ns if first_ns is None else first_ns
        t_s = (mono_ns - first_ns) * 1e-9
        calls = [read.mapping(call, "calls") for call in read.field(data, "calls", list)] if "calls" in data else []
        for call in calls:
            if call.get("call") == "enable" and "first" in call:
                yield read.enable(call, t_s)
        if kind == RecordKind.CYCLE:
            yield read.cycle(data, calls, t_s)


@dataclass(frozen=True)
class _Reader:
    """Reads one record; every refusal names it."""

    number: int
    servos: int

    def refuse(self, problem: str) -> NoReturn:
        raise SpecificationError(f"record {self.number}: {problem}", field="data")

    def parsed(self, line: bytes) -> dict[str, Any]:
        try:
            return self.mapping(json.loads(line, parse_constant=lambda text: self.refuse(f"{text} is no number")), "a record")
        except (ValueError, RecursionError) as error:
            self.refuse(f"not JSON: {error}")

    def mapping(self, value: Any, what: str) -> dict[str, Any]:
        return value if isinstance(value, dict) else self.refuse(f"{what}: expected an object")

    def field(self, data: Mapping[str, Any], name: str, kind: type) -> Any:
        value = data.get(name)
        return value if type(value) is kind else self.refuse(f"{name}: expected {kind.__name__}, got {str(value)[:40]!r}")

    def wide(self, data: Mapping[str, Any], name: str) -> int:
        """An integer that JSON's numbers are too narrow for: it stands as text."""
        value = data.get(name)
        known = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20
        return int(str(value)) if known else self.refuse(f"{name}: expected an integer in text, got {str(value)[:40]!r}")

    def real(self, value: Any, what: str) -> float:
        if type(value) not in (int, float) or not isfinite(value):
            self.refuse(f"{what}: {str(value)[:40]!r} is no finite number")
        return float(value)

    def ticks(self, value: Any, what: str) -> Ticks:
        if not (isinstance(value, list) and len(value) == self.servos):
            self.refuse(f"{what}: expected the whole ticks of {self.servos} servos")
        if not all(type(x) is int and -REGISTER <= x < REGISTER for x in value):
            self.refuse(f"{what}: {str(value)[:120]}: whole ticks within 32 bits are expected")
        return tuple(value)

    def sequence(self, value: Any, what: str) -> tuple[Ticks, ...]:
        """A first row and the increments after it."""
        stated = self.mapping(value, what)
        rows = [self.ticks(stated.get("first"), what)]
        for step in self.field(stated, "steps", list):
            rows.append(self.ticks([a + b for a, b in zip(rows[-1], self.ticks(step, what), strict=True)], what))
        return tuple(rows)

    def margins(self, data: Mapping[str, Any]) -> dict[str, float]:
        stated = self.mapping(data.get("margins"), "margins")
        return {name: self.real(value, f"margins.{name}") for name, value in stated.items()}

    def enable(self, call: Mapping[str, Any], t_s: float) -> LoggedPlan:
        """y_0, certified from rest."""
        first, state = self.mapping(call["first"], "first"), self.mapping(call.get("state"), "state")
        y_0 = self.ticks(state.get("ticks"), "state.ticks")
        plan, sent = self.sequence(first.get("next_plan"), "next_plan"), self.ticks(first.get("ticks"), "ticks")
        return LoggedPlan(self.number, None, t_s, "PASS", (y_0,), plan, sent, self.margins(first), None, "")

    def cycle(self, data: Mapping[str, Any], calls: list[dict[str, Any]], t_s: float) -> LoggedPlan:
        memory, verdict = self.mapping(data.get("memory"), "memory"), self.field(data, "verdict", str)
        sent = None if data.get("ticks") is None else self.ticks(data["ticks"], "ticks")
        sample, latch = None, ""
        for call in calls:
            if call.get("latch") is not None:
                latch = str(self.mapping(call["latch"], "latch").get("assumption"))
            if call.get("call") == "certify" and "state" in data:
                sample = self.sample(self.mapping(data["state"], "state"), self.real(call.get("now_s"), "now_s"))
        return LoggedPlan(
            self.number,
            self.field(data, "i", int),
            t_s,
            verdict,
            self.sequence(memory.get("history"), "memory.history"),
            self.sequence(data.get("next_plan"), "next_plan"),
            sent,
            self.margins(data) if verdict in JUDGED else None,
            sample,
            latch if latch.startswith("A") else "",
        )

    def sample(self, state: Mapping[str, Any], now_s: float) -> Sample:
        q = tuple(self.real(x, "state.q") for x in self.field(state, "q", list))
        if len(q) != self.servos:
            self.refuse(f"state.q: expected {self.servos} joints")
        ticks, goals = self.ticks(state.get("ticks"), "state.ticks"), self.ticks(state.get("goal_ticks"), "state.goal_ticks")
        age_s = now_s - self.real(state.get("t_s"), "state.t_s")
        return Sample(q, ticks, goals, self.field(state, "writes_since", int), self.field(state, "healthy", bool), age_s)
