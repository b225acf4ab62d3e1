"""Command sequences of class C that are hard on a servo: what a tube is identified over."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from toolkit import CommandClass, TickArray


@dataclass(frozen=True, eq=False)
class Excitation:
    """One period's setpoint. ticks: shape (n,). lost: pretend this one was lost, and send nothing. phase: what it belongs to."""

    ticks: TickArray
    lost: bool
    phase: str


class _Mover:
    """Walks within the class: every increment changes by at most a and never exceeds v, and stays within low..high."""

    def __init__(self, start: TickArray, low: TickArray, high: TickArray, limits: CommandClass) -> None:
        self.y = start.astype(np.int64).copy()
        self.dy = np.zeros_like(self.y)
        self._low, self._high, self._limits = low, high, limits
        self._sign = np.ones_like(self.y)

    def towards(self, rate: TickArray) -> TickArray:
        """One period later, with the increment as near to `rate` as the class, and stopping before the ends, allow."""
        v, a = self._limits.v_ticks, self._limits.a_ticks
        target = np.clip(rate, -v, v)
        # Largest increment from which braking by a per period stops within the room left: d (d / a + 1) / 2 <= room.
        room = np.where(target >= 0, self._high - self.y, self.y - self._low) - v
        fastest = np.floor(-a / 2 + np.sqrt(np.maximum(a * a / 4 + 2.0 * a * np.maximum(room, 0), 0))).astype(np.int64)
        target = np.clip(target, -fastest, fastest)
        self.dy = np.clip(target, self.dy - a, self.dy + a)
        self.y = self.y + self.dy
        return self.y.copy()

    def turn(self, generator: np.random.Generator) -> None:
        """Choose anew which way each servo sweeps."""
        self._sign = generator.choice(np.array([-1, 1], dtype=np.int64), len(self.y))

    def sweep(self) -> TickArray:
        """One period later, every servo at full speed or on its way there, turning round where it could no longer brake."""
        v, a = self._limits.v_ticks, self._limits.a_ticks
        room = np.where(self._sign > 0, self._high - self.y, self.y - self._low)
        braking = v * (v + a) // (2 * a) + 3 * v
        self._sign = np.where(room < braking, -self._sign, self._sign)
        return self.towards(self._sign * v)

    def hold(self) -> TickArray:
        """The newest setpoint again, from any speed: the class allows a hold at any cycle, and motion after it starts from rest."""
        self.dy = np.zeros_like(self.y)
        return self.y.copy()


def excitations(
    start: TickArray, low: TickArray, high: TickArray, limits: CommandClass, losses_max: int, cycles: int, generator: np.random.Generator
) -> Iterator[Excitation]:
    """About `cycles` periods of: smooth random motion, full speed back and forth, abrupt holds from full speed, and all of these with
    up to losses_max setpoints in a row lost; rest between. Ends in rest.

    Args:
        start: setpoint in force, shape (n,). low, high: range to stay in, shape (n,), [tick].
    """
    mover = _Mover(start, low, high, limits)
    spent = 0
    phases = ("smooth", "full_speed", "abrupt_hold", "lossy", "rest")
    while spent < cycles:
        for phase in phases:
            for excitation in _phase(phase, mover, limits, losses_max, generator):
                spent += 1
                yield excitation
    for _ in range(40):
        yield Excitation(mover.hold(), False, "rest")


def _phase(phase: str, mover: _Mover, limits: CommandClass, losses_max: int, generator: np.random.Generator) -> Iterator[Excitation]:
    if phase == "smooth":
        return _smooth(mover, limits, generator)
    if phase == "lossy":
        return _lossy(mover, losses_max, generator)
    if phase == "rest":
        return (Excitation(mover.hold(), False, phase) for _ in range(60))
    return _full_speed(phase, mover, limits, generator)


def _smooth(mover: _Mover, limits: CommandClass, generator: np.random.Generator) -> Iterator[Excitation]:
    n = len(limits.v_ticks)
    frequencies, angles = generator.uniform(0.3, 2.5, n), generator.uniform(0, 2 * np.pi, n)
    for k in range(300):
        rate = limits.v_ticks * np.sin(2 * np.pi * frequencies * k * limits.period_s + angles)
        yield Excitation(mover.towards(rate.astype(np.int64)), False, "smooth")


def _full_speed(phase: str, mover: _Mover, limits: CommandClass, generator: np.random.Generator) -> Iterator[Excitation]:
    """Sweeps at full speed; with "abrupt_hold", for each servo a hold of the newest setpoint while it is fastest."""
    for servo, v in enumerate(limits.v_ticks.tolist()):
        mover.turn(generator)
        for _ in range(int(generator.integers(20, 40))):
            yield Excitation(mover.sweep(), False, phase)
        if phase == "abrupt_hold":
            # Not before this servo is at full speed; one whose range is too short to reach it never is.
            for _ in range(100):
                if abs(int(mover.dy[servo])) == v:
                    break
                yield Excitation(mover.sweep(), False, phase)
            for _ in range(int(generator.integers(1, 30))):
                yield Excitation(mover.hold(), False, phase)


def _lossy(mover: _Mover, losses_max: int, generator: np.random.Generator) -> Iterator[Excitation]:
    """Sweeps and abrupt holds while setpoints are lost, up to losses_max in a row."""
    lost = 0
    for _ in range(6):
        mover.turn(generator)
        for k in range(60):
            lose = lost < losses_max and bool(generator.random() < 0.25)
            lost = lost + 1 if lose else 0
            yield Excitation(mover.sweep() if k < 40 else mover.hold(), lose, "lossy")
