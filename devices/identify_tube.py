"""Measure the tracking tube of an arm over the command class, abrupt holds and lost setpoints included (assumption A1)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from toolkit import CertifiedCommand, DeviceFault, FloatArray, InvalidInput, TickArray, Tube

from .dynamixel_arm import DynamixelArm
from .identification_motion import excitations
from .profile import ArmProfile
from .simulated_arm import launch_simulated_arm
from .tube_file import device_digest, growth_periods, load_tube, write_tube

_BEHIND_LIMIT = 20
_REST_PERIODS = 40  # setpoints equal for so long: the arm is at rest
_MOTION_TICKS = 2  # how much more than at rest the excess in motion may be
_GROWTH_SPANS = (1, 2, 4)

Certifier = Callable[[TickArray], CertifiedCommand]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Recording:
    """One row a period. setpoints: shape (k, n), lost ones included. ticks: shape (k, n), measured just before setpoint k was written.

    t_s: shape (k,), of the sample. sent_s: shape (k,), when setpoint k was written. phases: shape (k,), of the excitation.
    late: shape (k,), this period began more than half a period late: what follows is outside the class and is not evaluated.
    """

    setpoints: TickArray
    ticks: TickArray
    t_s: FloatArray
    sent_s: FloatArray
    phases: "np.typing.NDArray[np.str_]"
    late: "np.typing.NDArray[np.bool_]"


class _LosingArm(DynamixelArm):
    """Loses a setpoint on request between driver and line, as a line would: the driver believes it was sent."""

    lose_next = False

    def _transmit(self, frame: bytes) -> None:
        if not self.lose_next:
            super()._transmit(frame)


def identify_tube(
    profile: ArmProfile,
    certify: Certifier,
    *,
    cycles: int = 12_000,
    seed: int = 1,
    safety_factor: float = 1.25,
    span: float = 0.6,
    port: str | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Tube:
    """Drive the arm through class C and write the tube file of the profile.

    Args:
        certify: makes the command of a setpoint. This is a calibration motion in free space: who calls answers for the room, and for
            a person's confirmation on a real arm.
        cycles: servo periods, about. seed: of the motion. safety_factor: on the measured excess and its growth, at least 1.
        span: part of each servo's range that is used, about its middle. port: URL instead of the profile's; None for a simulated
            arm: one is launched. out: tube file; None: where the profile says. progress: called with (done, cycles).
    Raises:
        DeviceFault: as the driver, or the lag is too large for any window. InvalidInput: an argument outside its range.
    """
    if not (safety_factor >= 1.0 and 0.05 <= span <= 1.0 and cycles >= 500):
        raise InvalidInput(f"identify: safety_factor {safety_factor} >= 1, 0.05 <= span {span} <= 1, cycles {cycles} >= 500 must hold")
    if port is None and profile.is_simulated:
        with launch_simulated_arm(profile) as simulated:
            recording = record(profile, simulated.port, certify, cycles, seed, span, progress)
    else:
        recording = record(profile, port or profile.require_port(), certify, cycles, seed, span, progress)
    path = profile.tube_path if out is None else out
    write_tube(path, evaluate(profile, recording, seed, safety_factor))
    return load_tube(path, profile)


def record(
    profile: ArmProfile, port: str, certify: Certifier, cycles: int, seed: int, span: float, progress: Progress | None = None
) -> Recording:
    """Move and measure; ends at rest, disabled."""
    rows: list[tuple[TickArray, TickArray, float, float, str, bool]] = []
    with _LosingArm(profile, port) as arm:
        arm.connect()
        start = arm.read().ticks
        arm.enable(certify(start))
        low, high = identification_range(profile, start, span)
        generator = np.random.default_rng(seed)
        due = time.monotonic()
        for excitation in excitations(start, low, high, profile.command_class, profile.timing.losses_max, cycles, generator):
            due += profile.period_s
            wait = due - time.monotonic()
            late = wait < -profile.period_s / 2
            if late:
                due = time.monotonic()
            else:
                time.sleep(max(0.0, wait))
            state = arm.read()
            arm.lose_next = excitation.lost
            arm.write(certify(excitation.ticks))
            rows.append((excitation.ticks, state.ticks, state.t_s, time.monotonic(), excitation.phase, late))
            if progress is not None and len(rows) % 100 == 0:
                progress(min(len(rows), cycles), cycles)
    setpoints, ticks, t_s, sent_s, phases, lates = zip(*rows, strict=True)
    return Recording(np.array(setpoints), np.array(ticks), np.array(t_s), np.array(sent_s), np.array(phases), np.array(lates))


def identification_range(profile: ArmProfile, start: TickArray, span: float) -> tuple[TickArray, TickArray]:
    """Servo range about the middle of the joint ranges, `span` of it wide, whose every corner keeps all joints 5 % clear of hard limits.

    Raises:
        InvalidInput: `start` is not inside it: move the arm nearer to the middle first.
    """
    absolute = np.abs(profile.tick_map.M)
    centre = profile.tick_map.to_ticks((profile.joint_lower + profile.joint_upper) / 2)
    half = 0.95 * span * np.minimum(profile.servo_upper - centre, centre - profile.servo_lower)
    room = 0.95 * (profile.joint_upper - profile.joint_lower) / 2
    shrink = np.minimum(1.0, room / (absolute @ half))
    reach = np.floor(half * np.where(absolute > 0, shrink[:, None], 1.0).min(axis=0)).astype(np.int64)
    low, high = centre - reach, centre + reach
    if not (np.all(low < start) and np.all(start < high)):
        raise InvalidInput(f"identify: servos at {start.tolist()}, outside {low.tolist()}..{high.tolist()}: move them there first")
    return low, high


def excess(profile: ArmProfile, setpoints: TickArray, ticks: TickArray, behind: int) -> FloatArray:
    """How far each sample lies outside its window, shape (k - behind - 1, n), [rad] or [m]; negative inside.

    Row 0 belongs to sample behind + 1. The window of sample k holds setpoints k - w .. k, w = 1 + behind: setpoint k is written right
    after the sample, and the moment when the window has just moved on is the worst of its period. Servo-wise hull [lo, hi]:
    c = joints((lo + hi) / 2), r = |M| (hi - lo) / 2, excess = |q - c| - r.
    """
    windows = sliding_window_view(setpoints, behind + 2, axis=0)
    low, high = windows.min(axis=-1), windows.max(axis=-1)
    centre = profile.tick_map.to_joints((low + high) / 2)
    radius = (high - low) / 2 @ np.abs(profile.tick_map.M).T
    q = profile.tick_map.to_joints(ticks[behind + 1 :])
    return np.asarray(np.abs(q - centre) - radius)


def evaluate(profile: ArmProfile, recording: Recording, seed: int, safety_factor: float) -> dict[str, Any]:
    """The fields of the tube file.

    behind_max is the smallest m at which the excess in motion is at most that at rest plus two ticks, and the profile's jitter in whole
    periods: the excess stays that of the smallest m, so a device late by the jitter still keeps it. growth is that of the
    fastest increase of the excess seen over 1, 2 or 4 periods beyond what encoder error explains, at least one tick a period, going on for
    `growth_periods`. e = e_monitor + encoder_error + joint_error + growth: a sample just inside e_monitor may be off by an encoder error.
    """
    absolute = np.abs(profile.tick_map.M)
    tick = absolute.sum(axis=1)
    behind, moving_excess, rest_excess, values = _choose_window(profile, recording, tick)
    outside = np.maximum(values, 0.0)
    growth_rate = tick.copy()  # one tick per servo a period: below this the encoders cannot tell
    for span in _GROWTH_SPANS:
        increase = outside[span:] - outside[:-span]
        growth_rate = np.maximum(growth_rate, (np.nanmax(increase, axis=0) - 2 * profile.encoder_error_ticks * tick) / span)
    horizon = growth_periods(profile)
    encoder_excess = safety_factor * np.maximum(np.maximum(moving_excess, rest_excess), 0.0)
    encoder_error = profile.encoder_error_ticks * tick
    growth = safety_factor * growth_rate * horizon
    e_monitor = encoder_excess + encoder_error
    jitter = ceil(profile.timing.jitter_ms / profile.timing.period_ms)
    c = profile.command_class
    device = "simulated arm" if profile.is_simulated else "real arm"
    conditions = (
        f"{profile.name} ({device}), {len(recording.t_s)} cycles of {profile.timing.period_ms} ms on {datetime.now(UTC):%Y-%m-%d}, "
        f"{int(recording.late.sum())} late and left out, seed {seed}; class v {c.v_ticks.tolist()} ticks per period, a "
        f"{c.a_ticks.tolist()} ticks per period squared; smooth, full speed, abrupt holds from full speed, up to "
        f"{profile.timing.losses_max} setpoints in a row lost; safety factor {safety_factor} on measured excess and growth; "
        f"free space, no contact"
    )
    return {
        "primum_tube": 1, "device": profile.name, "device_digest": device_digest(profile), "joints": list(profile.joint_names),
        "units": ["m" if joint.type == "prismatic" else "rad" for joint in profile.joints], "behind_max": behind + jitter,
        "jitter_periods": jitter,
        "losses_max": profile.timing.losses_max, "safety_factor": float(safety_factor), "growth_periods": horizon,
        "encoder_excess": encoder_excess.tolist(),
        "encoder_error": encoder_error.tolist(), "joint_error": profile.joint_error.tolist(), "growth": growth.tolist(),
        "e_monitor": e_monitor.tolist(), "e": (e_monitor + encoder_error + profile.joint_error + growth).tolist(),
        "lag_ms": (_lag_s(profile, recording) * 1e3).tolist(), "conditions": conditions,
    }  # fmt: skip


def _choose_window(profile: ArmProfile, recording: Recording, tick: FloatArray) -> tuple[int, FloatArray, FloatArray, FloatArray]:
    """behind_max, worst excess in motion and at rest, and all excesses (NaN where not evaluated)."""
    at_rest = np.ptp(sliding_window_view(recording.setpoints, _REST_PERIODS, axis=0), axis=-1).max(axis=1) == 0
    at_rest = np.concatenate((np.zeros(_REST_PERIODS - 1, dtype=bool), at_rest))
    disturbed = np.convolve(recording.late, np.ones(_REST_PERIODS), mode="full")[: len(recording.late)] > 0
    usable = ~disturbed
    usable[:_REST_PERIODS] = False
    if not (usable & at_rest).any() or not (usable & ~at_rest).sum() >= 100:
        raise DeviceFault(f"identify: {int(recording.late.sum())} of {len(recording.late)} periods were late: too few samples are left")
    moving_excess = np.full(profile.n, np.inf)
    rest_excess = np.zeros(profile.n)
    for behind in range(profile.timing.losses_max + 1, _BEHIND_LIMIT + 1):
        values = np.full(recording.ticks.shape, np.nan)
        values[behind + 1 :] = excess(profile, recording.setpoints, recording.ticks, behind)
        values[~usable] = np.nan
        moving_excess = np.nanmax(values[~at_rest], axis=0)
        rest_excess = np.nanmax(values[at_rest], axis=0)
        if np.all(moving_excess <= rest_excess + _MOTION_TICKS * tick):
            return behind, moving_excess, rest_excess, values
    over = ((moving_excess - rest_excess) / tick).round(1).tolist()
    raise DeviceFault(f"identify: {_BEHIND_LIMIT} periods behind do not cover the lag: excess in motion beyond rest is {over} ticks")


def _lag_s(profile: ArmProfile, recording: Recording) -> FloatArray:
    """Delay d of q(t) = Y(t - d), Y through the setpoints at the moments they were written; least squares over smooth motion.

    With Y' the rate, Y(t) - q(t) = d Y'(t) to first order: d = sum Y' (Y - q) / sum Y'^2.
    """
    rows = np.flatnonzero((recording.phases == "smooth") & ~recording.late)
    rows = rows[(rows > 0) & (rows < len(recording.t_s) - 1)]
    asked = profile.tick_map.to_joints(recording.setpoints)
    q = profile.tick_map.to_joints(recording.ticks[rows])
    t = recording.t_s[rows] + profile.timing.sample_age_ms * 1e-3  # the stamp is early on purpose; here it would shorten the lag
    reference = np.column_stack([np.interp(t, recording.sent_s, column) for column in asked.T])
    rate = (asked[rows] - asked[rows - 1]) / profile.period_s
    power = (rate**2).sum(axis=0)
    return np.asarray(np.where(power > 0, (rate * (reference - q)).sum(axis=0) / np.where(power > 0, power, 1.0), 0.0))
