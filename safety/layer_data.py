"""What the safety layer takes and gives, as the plain numbers of a record; and back, bit for bit.

A double survives canonical JSON exactly, but for the sign of zero, on which nothing here depends. Setpoint sequences are stored as
their first row and the increments after it: those are small numbers.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit import CertifiedCommand, JointProposal, JointState, SolveReport, TickArray

from .layer import Decision
from .memory import Memory
from .monitors import Reaction, Violation

Data = dict[str, Any]


def state_data(state: JointState) -> Data:
    """Every field of a sample; `problem` only where there is one."""
    data: Data = {
        "q": state.q.tolist(),
        "q_dot": state.q_dot.tolist(),
        "ticks": state.ticks.tolist(),
        "goal_ticks": state.goal_ticks.tolist(),
        "t_s": state.t_s,
        "healthy": state.healthy,
        "writes_since": state.writes_since,
    }
    return data | ({"problem": state.problem} if state.problem else {})


def state_from(data: Mapping[str, Any]) -> JointState:
    """Raises KeyError, TypeError or InvalidInput for what `state_data` cannot have written; so does every `.._from` here."""
    ticks, goal_ticks = _ticks(data["ticks"]), _ticks(data["goal_ticks"])
    rest = {name: data[name] for name in ("q", "q_dot", "healthy", "writes_since")}
    return JointState(ticks=ticks, goal_ticks=goal_ticks, t_s=float(data["t_s"]), problem=data.get("problem", ""), **rest)


def proposal_data(proposal: JointProposal) -> Data:
    """The proposed joints, and how their solver ended: time rounded to 0.1 us, an infinite residual as null."""
    report = proposal.report
    return {
        "q": None if proposal.q is None else proposal.q.tolist(),
        "ok": report.ok,
        "status": report.status,
        "iterations": report.iterations,
        "kkt": report.kkt_residual if report.kkt_residual < float("inf") else None,
        "us": round(report.time_s * 1e6, 1),
    }


def proposal_from(data: Mapping[str, Any]) -> JointProposal:
    """As far as the safety layer looks: the joints, ok and the status."""
    q = None if data["q"] is None else np.array(data["q"], dtype=np.float64)
    return JointProposal(q, SolveReport(bool(data["ok"]), str(data["status"]), 0, 0.0, 0.0))


def memory_data(memory: Memory) -> Data:
    """History in flight, stored plan, losses."""
    return {"history": sequence_data(memory.history), "plan": memory.plan.tolist(), "lost": memory.lost}


def memory_from(data: Mapping[str, Any]) -> Memory:
    history = sequence_from(data["history"])
    return Memory(history, _ticks(data["plan"]).reshape(-1, history.shape[1]), int(data["lost"]))


def latch_data(violation: Violation | None) -> Data | None:
    """The violation that is latched; None while there is none."""
    if violation is None:
        return None
    return {"assumption": violation.assumption, "reason": violation.reason, "reaction": violation.reaction.name}


def latch_from(data: Mapping[str, Any] | None) -> Violation | None:
    return None if data is None else Violation(data["assumption"], data["reason"], Reaction[data["reaction"]])


def certified_data(certified: CertifiedCommand) -> Data:
    """Everything certified, but the time it took. A margin's unit goes with its name and is stated where the arm is enabled."""
    return {
        "verdict": certified.verdict.value,
        "ticks": None if certified.ticks is None else certified.ticks.tolist(),
        "next_plan": sequence_data(certified.plan),
        "margins": {name: margin.value for name, margin in certified.margins.items()},
        "active": list(certified.active),
        "reason": certified.reason,
    }


def decision_data(decision: Decision) -> Data:
    """A certified command, what the filter said, and what the monitors saw if there was a sample to look at."""
    data = certified_data(decision.certified) | {"filter": decision.filter_status}
    if decision.observation is not None:
        seen = decision.observation
        data["observed"] = {"tube_use": seen.tube_use, "behind": seen.behind, "age_s": seen.age_s}
    return data


def sequence_data(ticks: TickArray) -> Data:
    """A (k, n) tick sequence as its first row and the increments after it."""
    return {"first": ticks[0].tolist(), "steps": (ticks[1:] - ticks[:-1]).tolist()}


def sequence_from(data: Mapping[str, Any]) -> TickArray:
    first = _ticks(data["first"])
    return np.cumsum(np.concatenate([first[None], _ticks(data["steps"]).reshape(-1, first.shape[0])]), axis=0)


def _ticks(value: object) -> TickArray:
    """Whole numbers as int64; an empty list has no kind of number and is taken as whole."""
    array = np.asarray(value)
    return np.asarray(array, dtype=np.int64) if array.dtype.kind == "i" or not array.size else array
