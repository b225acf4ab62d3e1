"""A made-up run of twenty seconds past a vessel: realistic in shape and size, invented in every number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from toolkit import Margin, Verdict
from verification.report import (
    Assumption,
    BoxRegion,
    CapsuleRegion,
    Constraint,
    CycleTrace,
    Intervention,
    LogAnswer,
    PolytopeRegion,
    ReportData,
    Series,
    SphereRegion,
    TrackingTrace,
    TruthTrace,
)

PERIOD_S = 0.005
CENTER = np.array([0.0, 0.02, -0.115])
VESSEL = (np.array([-0.030, 0.028, -0.121]), np.array([0.032, 0.026, -0.117]), 0.004)


def _hand(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth wandering path, about 30 mm wide, with pauses."""
    s = t + 0.8 * np.sin(0.9 * t) / 0.9
    p = np.zeros((t.size, 3))
    for axis, size in enumerate((15e-3, 10e-3, 8e-3)):
        for k in range(1, 7):
            p[:, axis] += size / k * np.sin(0.55 * k * s + rng.uniform(0, 6.3)) * rng.uniform(0.5, 1.0)
    return CENTER + p


def _vessel_distance(p: np.ndarray) -> np.ndarray:
    a, b, radius = VESSEL
    along = b - a
    s = np.clip((p - a) @ along / (along @ along), 0, 1)
    return np.linalg.norm(p - a - s[:, None] * along, axis=1) - radius


def _followed(hand: np.ndarray, stand_off_m: float) -> np.ndarray:
    """A tip that follows the hand at 200 Hz: below 50 mm/s, and braking at 1 m/s^2 before the vessel's stand-off."""
    a, b, radius = VESSEL
    along = b - a
    p, path = hand[0], []
    for target in hand:
        velocity = (target - p) / 0.01
        velocity *= min(1.0, 0.0495 / max(float(np.linalg.norm(velocity)), 1e-9))
        normal = p - a - np.clip((p - a) @ along / (along @ along), 0, 1) * along
        room = float(np.linalg.norm(normal)) - radius - stand_off_m
        normal /= np.linalg.norm(normal)
        inward = -float(velocity @ normal)
        velocity = velocity + max(0.0, inward - np.sqrt(2 * 0.85 * max(room, 0.0))) * normal
        p = p + PERIOD_S * velocity
        path.append(p)
    return np.array(path)


def _interventions(t: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> tuple[list[Intervention], np.ndarray]:
    """Spells where the hand is inside the vessel's margin, plus two fast ones; and the verdict code of each cycle."""
    code = np.where(depth < 0.0002, 2, np.where(depth < 0.0012, 1, 0))
    code[np.abs(t - 2.0) < 0.06] = 1
    code[np.abs(t - 15.0) < 0.04] = 1
    spells, edges = [], np.flatnonzero(np.diff(code)) + 1
    for part in np.split(np.arange(t.size), edges):
        kind = code[part[0]]
        if kind:
            verdict = (Verdict.PASS, Verdict.MODIFIED, Verdict.BACKUP)[kind]
            why = ("tip_speed",) if depth[part].min() > 0.0012 else ("vessel",)
            reason = (
                "the filter turned the proposal along the boundary"
                if kind == 1
                else f"window 3 of the proposed plan: shaft within {abs(depth[part].min()) * 1e3:.2f} mm of vessel"
            )
            margin = Margin(float(rng.uniform(1e-5, 4e-4)), "m/s" if why == ("tip_speed",) else "m")
            spells.append(Intervention(float(t[part[0]]), float(t[part[-1]] + PERIOD_S), verdict, why, reason, margin))
    return spells, code


def assumptions() -> tuple[Assumption, ...]:
    return (
        Assumption(
            "A1",
            "Joints stay in the tube around the last 4 setpoints; worst joint, share of e.",
            1.0,
            0.71,
            "1",
            "every sample against e_monitor",
            "brake; if it grows, power off",
        ),
        Assumption("A2", "Setpoints a joint is behind.", 3.0, 2.0, "periods", "applied goal read back every cycle", "send nothing, hold"),
        Assumption(
            "A3",
            "Position mode; the device holds when nothing comes; watchdog.",
            "set",
            "read back equal",
            "",
            "registers at connect",
            "refuse to enable",
            held=True,
        ),
        Assumption("A4", "Age of a measurement, one monotonic clock.", 0.010, 0.0061, "s", "stamps", "hold"),
        Assumption("A5", "Real arm and regions match the model, eps_R.", 0.0002, None, "m", "", "refuse to enable"),
        Assumption(
            "A6", "The program that runs is the one that was hashed.", "equal", "equal", "", "at start", "refuse to enable", held=True
        ),
        Assumption(
            "A7", "Nobody else drives the joints; contact within what A1 was measured with.", "as A1", None, "", "through A1", "as A1"
        ),
    )


def make(duration_s: float = 20.3, seed: int = 7, **changes: Any) -> ReportData:
    """A ReportData; keyword arguments replace fields."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, duration_s, PERIOD_S)
    fine = np.arange(0, duration_s, 1e-3)
    hand = _hand(fine, rng)
    reference = hand[::5][: t.size]
    command = _followed(reference, 0.0007)
    fast = np.column_stack([np.interp(fine, t, command[:, i]) for i in range(3)])
    delay = 24
    true = np.concatenate([np.repeat(fast[:1], delay, axis=0), fast[:-delay]]) + rng.normal(0, 1e-5, (1, 3))
    speed = np.convolve(np.linalg.norm(np.gradient(true, 1e-3, axis=0), axis=1), np.ones(15) / 15, mode="same")
    distance = _vessel_distance(true)
    spells, code = _interventions(t, _vessel_distance(reference), rng)
    verdict = tuple((Verdict.PASS, Verdict.MODIFIED, Verdict.BACKUP)[c] for c in code)
    error = np.linalg.norm(true[::5][: t.size] - reference, axis=1)
    busy = np.convolve(code > 0, np.ones(101), mode="full")[: t.size] > 0
    compute = 1.1e-3 + rng.gamma(2, 1.2e-4, t.size)
    certify = 2.1e-4 + rng.gamma(2, 1.5e-5, t.size)
    missed = np.array([s for s in (3.215, 11.73) if s < duration_s])
    whole = compute + certify + 6e-4 + rng.gamma(2, 4e-5, t.size)
    whole[np.rint(missed / PERIOD_S).astype(int)] += 0.0045
    box = np.abs(command - CENTER)
    fields: dict[str, Any] = {
        "title": "Tracing with a PSM and a large needle driver", "status": "completed", "exit_code": 0, "reason": "",
        "started_utc": "2026-11-22 14:03:11 UTC", "device": "simulated PSM Classic, instrument 400006", "run_name": "runs/psm_trace",
        "period_s": PERIOD_S, "misses": 2, "overruns": 2, "log": LogAnswer("4000 records, all vouched for", ok=True, intact=True),
        "cycles": CycleTrace(t, verdict, reference, command, missed),
        "constraints": (
            Constraint("keep_in", "shaft, wrist and both jaws inside the polytope", "m",
                       Series(t, 0.03 - box.max(axis=1) - 0.0006), float(0.03 - np.abs(true - CENTER).max())),
            Constraint("vessel", "shaft, wrist and both jaws outside the capsule around the vessel", "m",
                       Series(t, np.maximum(_vessel_distance(command) - 0.00055, 2e-5)), float(distance.min())),
            Constraint("tip_speed", "commanded tip speed at most 50 mm/s", "m/s",
                       Series(t, np.maximum(0.05 - speed[::5][: t.size], 1e-4)), float(0.05 - speed.max()), "command"),
            Constraint("tip_acceleration", "commanded tip acceleration at most 1 m/s²", "m/s2",
                       Series(t, 0.45 + 0.42 * np.sin(1.9 * t) * np.sin(0.31 * t) - 0.02), None, "command"),
            Constraint("joint_limits", "every joint inside the stricter of its two sources", "rad",
                       Series(t, 0.31 + 0.2 * np.sin(0.4 * t)), 0.1021),
            Constraint("wrist_straight", "wrist straight until 45 mm past the RCM", "m", Series(t, 0.013 + 0.004 * np.cos(t)), 0.0093),
        ),
        "assumptions": assumptions(),
        "unproved": (
            "Second-derivative bounds K, float error eta and the induction are tested, not proved (no certificates).",
            "A5 (registration, calibration, regions fixed) is not seen at run time.",
            "Power-off and a drive fault: the arm coasts; measured, never claimed.",
            "Jaw grip force, and anything the model has no body for.",
        ),
        "tracking": TrackingTrace(t, error, ~busy),
        "cycle_s": Series(t, whole), "mpc_s": Series(t, compute), "certify_s": Series(t, certify),
        "interventions": tuple(spells),
        "regions": (
            PolytopeRegion("workspace", "in", np.concatenate([np.eye(3), -np.eye(3), [[1, 1, 0]]]),
                           np.concatenate([CENTER + 0.03, 0.03 - CENTER, [CENTER[0] + CENTER[1] + 0.048]])),
            CapsuleRegion("vessel", "out", *VESSEL),
        ),
        "hashes": {name: f"{i:x}" * 64 for i, name in enumerate(("procedure", "model", "limits", "tick map", "log head"), 3)},
        "versions": {"primum": "0.1.0", "commit": "0123456789abcdef0123456789abcdef01234567", "casadi": "3.8.2", "piqp": "0.7.0",
                     "daqp": "0.11.0", "mujoco": "4.0.0", "numpy": "2.4.6", "python": "3.11.7"},
        "platform": {"system": "Linux 6.18 x86_64", "processor": "2 cores", "scheduling": "SCHED_FIFO 20", "clock": "monotonic"},
        "truth": TruthTrace(fine, true, speed, {"vessel": distance}),
        "brake_m_s2": 1.0,
    }  # fmt: skip
    return ReportData(**(fields | changes))


@pytest.fixture(scope="session")
def make_report() -> Callable[..., ReportData]:
    """The generator itself: make_report(status="stopped", ...)."""
    return make


@pytest.fixture(scope="session")
def regions_of_every_kind() -> tuple[Any, ...]:
    return (
        PolytopeRegion("half-space", "in", [[0, 0, 1]], [-0.09]),
        SphereRegion("node", "out", [0.01, 0.0, -0.13], 0.006),
        BoxRegion("clip", "out", [0.02, 0.03, -0.1], [0.003, 0.004, 0.005]),
        CapsuleRegion("vessel", "out", *VESSEL),
    )
