"""Cycle records of the shape and size that a run writes, without a run: what the log is measured and killed with."""

from functools import cache
from typing import Any

import numpy as np

JOINTS = 7
PLAN = 2  # rows of plan and history; a run on seven joints with a plan of nine and a history of ten writes lines of 2.4 kB


@cache
def full_cycles(count: int, plan: int = PLAN) -> tuple[dict[str, Any], ...]:
    """Return `count` payloads of CYCLE records that all differ. plan: rows of stored plan, next plan and history."""
    random = np.random.default_rng(0)
    return tuple(_full_cycle(index, plan, random) for index in range(count))


def _full_cycle(index: int, plan: int, random: np.random.Generator) -> dict[str, Any]:
    def ticks(*shape: int, span: int = 4096) -> Any:
        return random.integers(-span, span, shape).tolist()

    def numbers(scale: float) -> Any:
        return (scale * random.normal(size=JOINTS)).tolist()

    return {
        "i": index,
        "t_s": 14535.197609087 + 0.005 * index,
        "written": True,
        "verdict": "PASS",
        "ticks": ticks(JOINTS),
        "next_plan": {"first": ticks(JOINTS), "steps": ticks(plan, JOINTS, span=60)},
        "margins": {name: float(random.uniform(0.0, 0.1)) for name in ("vessel", "abdomen", "insertion", "tip_speed")},
        "active": [],
        "reason": "",
        "timing_us": {name: round(float(random.uniform(10.0, 900.0)), 1) for name in ("read", "compute", "certify", "write", "total")},
        "state": {
            "q": numbers(1.0),
            "q_dot": numbers(0.1),
            "ticks": ticks(JOINTS),
            "goal_ticks": ticks(JOINTS),
            "t_s": 14535.194545 + 0.005 * index,
            "healthy": True,
            "writes_since": 0,
        },
        "proposal": {"q": numbers(1.0), "ok": True, "status": "solved", "iterations": 7, "kkt": 5.07e-9, "us": 812.3},
        "memory": {"history": {"first": ticks(JOINTS), "steps": ticks(plan, JOINTS, span=60)}, "plan": ticks(plan, JOINTS), "lost": 0},
        "filter": "unchanged",
        "observed": {"tube_use": 0.1, "behind": 0, "age_s": 0.0034124940011679428},
    }
