"""A cycle as the log holds it: every input of certify() and its result, in plain numbers."""

from typing import Any

from safety import Decision, Memory
from toolkit import CycleRecord


def cycle_payload(record: CycleRecord[Memory | None]) -> dict[str, Any]:
    """The payload of a CYCLE record. Together with RUN_START (procedure, tube, tick map) it determines the verdict.

    state: q, q_dot [rad, m, per s], ticks, goal_ticks, t_s. proposal: q and how its solver ended.
    history, plan: what the shield remembered, plan stored as increments from the newest setpoint (they are small numbers).
    """
    decided = record.decided
    certified = decided.certified
    payload: dict[str, Any] = {
        "i": record.index,
        "t_s": record.started_s,
        "written": record.written,
        "verdict": certified.verdict.value,
        "ticks": None if certified.ticks is None else certified.ticks.tolist(),
        "next_plan": _steps(certified.plan),
        "margins": {name: margin.value for name, margin in certified.margins.items()},
        "active": list(certified.active),
        "reason": certified.reason,
        "timing_us": {name: round(value * 1e6, 1) for name, value in record.timing_s.items()},
    }
    if record.trouble:
        payload["trouble"] = record.trouble
    if record.state is not None:
        state = record.state
        payload["state"] = {
            "q": state.q.tolist(),
            "q_dot": state.q_dot.tolist(),
            "ticks": state.ticks.tolist(),
            "goal_ticks": state.goal_ticks.tolist(),
            "t_s": state.t_s,
            "healthy": state.healthy,
            "writes_since": state.writes_since,
        }
    if record.proposal is not None:
        report = record.proposal.report
        payload["proposal"] = {
            "q": None if record.proposal.q is None else record.proposal.q.tolist(),
            "ok": report.ok,
            "status": report.status,
            "iterations": report.iterations,
            "kkt": report.kkt_residual if report.kkt_residual < float("inf") else None,
            "us": round(report.time_s * 1e6, 1),
        }
    if record.memory is not None:
        payload["memory"] = {"history": _steps(record.memory.history), "plan": record.memory.plan.tolist(), "lost": record.memory.lost}
    if isinstance(decided, Decision):
        payload["filter"] = decided.filter_status
        if decided.observation is not None:
            seen = decided.observation
            payload["observed"] = {"tube_use": seen.tube_use, "behind": seen.behind, "age_s": seen.age_s}
    return payload


def _steps(ticks: Any) -> dict[str, Any]:
    """A (k, n) tick sequence as its first row and the increments after it."""
    return {"first": ticks[0].tolist(), "steps": (ticks[1:] - ticks[:-1]).tolist()}
