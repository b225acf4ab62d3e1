"""A loop with scripted parts around a real safety layer, recorded as the control process records it, through the log's own bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from safety import Memory, RecordedLayer, SafetyLayer
from safety.audit import RecordKind, canonical_bytes
from tests.safety.parts import FAILED, T, at, capsule, layer, proposal, rates, state, tick_map, tip_step, tube
from toolkit import CertifiedCommand, CycleRecord, DeviceFault, JointProposal, JointState, NoSafeCommand, ServoLoop, Setpoint, TickArray
from toolkit.app.cycle_payload import cycle_payload
from verification.replay import Replayed, replay

ACROSS = np.array([0.0, 1.0, 0.0])
TOWARDS = np.array([1.0, 0.0, 0.0])


@cache
def shared_layer() -> SafetyLayer:
    """A layer over joint limits, a vessel and rates; every use enables it anew."""
    return layer(capsule(), *rates())


@dataclass
class Happens:
    """What goes otherwise in one cycle; the default is a good one."""

    sample: str = "good"  # none, stale, off the tube, foreign goal, unhealthy, far off
    proposes: str = "across"  # towards, far, failed, nothing, raises
    request: str = ""  # stop, hold: from outside, before the cycle
    late_s: float = 0.0  # before the loop's turn comes
    compute_s: float = 0.0
    write: str = "good"  # fails, slow


@dataclass
class Script:
    """Runs cycles and keeps the records as plain values, after a turn through canonical JSON."""

    layer: RecordedLayer = field(default_factory=lambda: RecordedLayer(shared_layer()))
    records: list[dict[str, Any]] = field(default_factory=list)
    time_s: float = 100.0
    now: Happens = field(default_factory=Happens)

    def now_s(self) -> float:
        return self.time_s

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        self.time_s = max(self.time_s, t_s)

    def append(self, kind: RecordKind, data: dict[str, Any]) -> None:
        mono_ns = str(int(self.time_s * 1e9))
        record = {"seq": len(self.records), "kind": kind.value, "mono_ns": mono_ns, "data": data}
        self.records.append(json.loads(canonical_bytes(record)))

    def enable(self, sample: JointState) -> bool:
        try:
            self.layer.enable(sample)
        except NoSafeCommand as error:
            self.append(RecordKind.EVENT, {"refused": str(error), "calls": self.layer.take()})
            return False
        self.append(RecordKind.STATE, {"state": "ENABLED", "calls": self.layer.take()})
        loop: ServoLoop[Memory | None] = ServoLoop(self, self, self.layer, Clock(self), self._record, self._missed, T)
        loop.start()
        self.loop = loop
        return True

    def cycle(self, happens: Happens) -> None:
        self.now = happens
        if happens.request:
            getattr(self.layer, f"request_{happens.request}")(f"requested {len(self.records)}")
        self.time_s += happens.late_s
        self.loop.step()

    def end(self) -> None:
        self.append(RecordKind.STATE, {"state": "DISABLED", "calls": self.layer.take()})

    def read(self) -> JointState:
        memory = self.layer.memory
        assert memory is not None
        self.time_s += 0.0003
        kind, newest, t_s = self.now.sample, memory.newest, self.time_s - 0.0007
        if kind == "none":
            raise DeviceFault("the line is silent")
        changes: dict[str, dict[str, Any]] = {
            "stale": {"t_s": t_s - 0.05},
            "off the tube": elsewhere(newest, 1.1),
            "far off": elsewhere(newest, 20.0),
            "foreign goal": {"goal_ticks": newest - 999},
            "behind": {"goal_ticks": memory.history[-2]},
            "unhealthy": {"healthy": False, "problem": "torque off"},
        }
        return state(newest, **{"t_s": t_s, **changes.get(kind, {})})

    def compute(self, sample: JointState, setpoint: Setpoint, now_s: float) -> JointProposal | None:
        self.time_s += self.now.compute_s
        kind, q = self.now.proposes, setpoint.q
        if kind == "raises":
            raise RuntimeError("no idea")
        if kind == "failed":
            return JointProposal(None, FAILED)
        if kind == "nothing":
            return None
        if kind == "far":
            return proposal(q + 0.4)
        speed = min(0.05, float(np.linalg.norm(setpoint.q_dot[:3])) * 0.125 + 0.0025)
        return proposal(q + tip_step(q, (TOWARDS if kind == "towards" else ACROSS) * T * speed))

    def write(self, certified: CertifiedCommand) -> None:
        if self.now.write == "fails":
            raise DeviceFault("the port is gone")

    def _record(self, record: CycleRecord[Memory | None]) -> None:
        self.append(RecordKind.CYCLE, cycle_payload(record, self.layer.take()))

    def _missed(self, index: int, in_a_row: int, why: str) -> None:
        self.append(RecordKind.MISS, {"i": index, "in_a_row": in_a_row, "why": why, "calls": self.layer.take()})


@dataclass
class Clock:
    """The script's time as the loop's clock."""

    script: Script

    def now(self) -> float:
        return self.script.time_s

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        self.script.wait_until(t_s)


def elsewhere(newest: TickArray, tubes: float) -> dict[str, Any]:
    """A sample of servos that are this many tubes from the newest setpoint, to the next tick."""
    ticks = tick_map().to_ticks(tick_map().to_joints(newest) + tubes * tube().e)
    return {"ticks": ticks, "q": tick_map().to_joints(ticks)}


def replayed(records: list[dict[str, Any]]) -> Replayed:
    """On the same parts, enabled anew by the log itself."""
    fresh = shared_layer()
    fresh.memory = fresh.violation = None
    return replay(records, fresh, tick_map())


def moved(cycles: int = 30) -> list[dict[str, Any]]:
    """The records of a run that moves along the vessel and ends by request."""
    script = Script()
    assert script.enable(state(at(), 99.999))
    for _ in range(cycles):
        script.cycle(Happens())
    script.cycle(Happens(request="stop"))
    for _ in range(5):
        script.cycle(Happens())
    script.end()
    return script.records


def cycles_of(records: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(position, data) of the CYCLE records."""
    return ((k, record["data"]) for k, record in enumerate(records) if record["kind"] == "CYCLE")
