"""Records of a log made up by hand: the arm rests at one setpoint, and a cycle certifies staying there or a small step."""

import json
from itertools import pairwise
from typing import Any

import numpy as np

from tests.verification.reprove.worlds import example
from toolkit.procedure import joint_vector

WINDOW = 9


def home() -> list[int]:
    a = example()
    return [int(y) for y in a.profile.tick_map.to_ticks(joint_vector(a.procedure, "home", a.arm))]


def sequence(rows: list[list[int]]) -> dict[str, Any]:
    steps = [[b - a for a, b in zip(before, after, strict=True)] for before, after in pairwise(rows)]
    return {"first": rows[0], "steps": steps}


def state(ticks: list[int], **changes: Any) -> dict[str, Any]:
    q = example().profile.tick_map.to_joints(np.array(ticks)).tolist()
    data = {"q": q, "q_dot": [0.0] * 7, "ticks": ticks, "goal_ticks": ticks, "t_s": 10.0, "healthy": True, "writes_since": 0}
    return data | changes


def cycle(i: int = 1, plan: list[list[int]] | None = None, verdict: str = "STOP", **changes: Any) -> dict[str, Any]:
    """A CYCLE record. A STOP carries no margins of its own, so none are compared."""
    y = home()
    rows = plan or [y, y]
    data: dict[str, Any] = {
        "i": i, "verdict": verdict, "ticks": rows[0], "next_plan": sequence(rows), "margins": {}, "state": state(y),
        "memory": {"history": sequence([y] * (WINDOW + 2)), "lost": 0, "plan": []},
        "calls": [{"call": "certify", "now_s": 10.002}, {"call": "commit"}],
    }  # fmt: skip
    return {"kind": "CYCLE", "mono_ns": str(1_000_000_000 + 5_000_000 * i), "data": data | changes}


def enable() -> dict[str, Any]:
    y = home()
    call = {"call": "enable", "state": state(y), "first": {"verdict": "PASS", "ticks": y, "next_plan": sequence([y]), "margins": {}}}
    return {"kind": "STATE", "mono_ns": "1000000000", "data": {"calls": [call]}}


def lines(*records: dict[str, Any]) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]
