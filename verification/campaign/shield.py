"""The shield campaign: plans near a constraint, certified or not, against an adversarial device. No certified plan may violate it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from safety import Memory, brake
from toolkit import TickArray

from .adversary import worst_margin
from .world import WORLDS, Fault, World, build_world

NEAR_M = 1e-3
CERTIFIED_SHARE_MIN = 0.30
NEAR_SHARE_MIN = 0.10
ALL_WORLDS = tuple(range(WORLDS))


@dataclass(frozen=True)
class CaseResult:
    """One plan: was it certified, with which smallest margin, and the smallest true margin the adversary found (None: not attacked)."""

    certified: bool
    margin: float
    true_margin: float | None

    @property
    def violated(self) -> bool:
        """A certified plan that breaks its constraint. A positive margin is required to the last float rounding of two computations."""
        return self.true_margin is not None and not self.true_margin >= -1e-12


@dataclass(frozen=True)
class CampaignResult:
    """Counts over a campaign, and the seeds of violations: each is a bug, to be replayed with run_case."""

    cases: int
    certified: int
    near: int
    violations: tuple[int, ...]

    @property
    def vacuous(self) -> bool:
        """Too few plans certified, or too few of them close to the limit, to mean anything."""
        return not (self.certified >= CERTIFIED_SHARE_MIN * self.cases and self.near >= NEAR_SHARE_MIN * self.certified)

    @property
    def ok(self) -> bool:
        return not self.violations and not self.vacuous

    def __str__(self) -> str:
        words = f"{self.cases} cases, {self.certified} certified, {self.near} of them within 1 mm, {len(self.violations)} violations"
        return words + (" (VACUOUS)" if self.vacuous else "") + (f"; first seeds {self.violations[:5]}" if self.violations else "")


def run_case(seed: int, fault: Fault = Fault(), worlds: Sequence[int] = ALL_WORLDS) -> CaseResult:  # noqa: B008 - frozen
    """Draw a plan, move it to where the shield's margin is near a drawn target, certify, attack if certified."""
    rng = np.random.default_rng([seed, 7])
    world = build_world(worlds[int(rng.integers(len(worlds)))], fault)
    offsets, plan = _draw(world, rng)
    placed = _place(world, offsets, plan, rng)
    if placed is None:
        return CaseResult(False, float("nan"), None)
    memory, plan = placed
    certification = world.shield.certify(memory, plan)
    margin = min((m.value for m in certification.margins.values()), default=float("nan"))
    if not certification.ok:
        return CaseResult(False, margin, None)
    return CaseResult(True, margin, worst_margin(world, memory, plan, rng))


def run_shield_campaign(
    cases: int,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    fault: Fault = Fault(),  # noqa: B008 - frozen
    worlds: Sequence[int] = ALL_WORLDS,
) -> CampaignResult:
    """Run `cases` cases with seeds seed, seed + 1, ... in the given worlds (by number)."""
    certified = near = 0
    violations = []
    for k in range(cases):
        result = run_case(seed + k, fault, worlds)
        certified += result.certified
        near += result.certified and result.margin < NEAR_M
        if result.violated:
            violations.append(seed + k)
        if progress is not None:
            progress(k + 1)
    return CampaignResult(cases, certified, near, tuple(violations))


def _draw(world: World, rng: np.random.Generator) -> tuple[TickArray, TickArray]:
    """A random member of class C from rest (history), a candidate and a stop after it; relative to its start."""
    command_class = world.shield.command_class
    v, a = command_class.v_ticks, command_class.a_ticks
    length = world.real_tube.window + 2 + int(rng.integers(0, 12))
    step = np.zeros(7, dtype=np.int64)
    toward = rng.uniform(-1.0, 1.0, 7) * (rng.random(7) < 0.7)
    position, sequence = np.zeros(7, dtype=np.int64), []
    for _ in range(length + 1):
        wanted = (toward * v).astype(np.int64) if rng.random() < 0.8 else rng.integers(-v, v + 1)
        step = step + np.clip(wanted - step, -a, a)
        position = position + step
        sequence.append(position)
    history, candidate = np.array(sequence[:-1]), np.array(sequence[-1])
    stop = brake(candidate, candidate - history[-1], 0.0, 1.0, command_class)
    return history, np.concatenate([candidate[None], stop])


def _place(world: World, history: TickArray, plan: TickArray, rng: np.random.Generator) -> tuple[Memory, TickArray] | None:
    """Shift the whole sequence along a random line until the shield's slack is near a drawn target; None if it never gets there."""
    span = world.upper - world.lower
    inner = np.clip(0.15 * span, 1.05 * world.real_tube.e, 0.45 * span)
    start, end = (rng.uniform(world.lower + inner, world.upper - inner) for _ in range(2))
    for q in (start, end):
        q[2] = max(q[2], 0.07)
    target = float(rng.choice([rng.uniform(-2e-3, 0.0), rng.uniform(0.0, 1e-3), rng.uniform(0.0, 8e-3)], p=[0.25, 0.3, 0.45]))
    offsets = [world.shield.tick_map.to_ticks(start + s * (end - start)) for s in np.linspace(0.0, 1.0, 9)]
    slacks = [_slack(world, history + o, plan + o) for o in offsets]
    for (o1, s1), (o2, s2) in zip(zip(offsets, slacks, strict=True), list(zip(offsets, slacks, strict=True))[1:], strict=False):
        if (s1 - target) * (s2 - target) <= 0.0:
            return _bisect(world, history, plan, (o1, s1 - target), o2, target)
    best = int(np.argmin(np.abs(np.array(slacks) - target)))
    return Memory(history + offsets[best], np.empty((0, 7), dtype=np.int64)), plan + offsets[best]


def _bisect(
    world: World, history: TickArray, plan: TickArray, low: tuple[TickArray, float], high: TickArray, target: float
) -> tuple[Memory, TickArray]:
    a, at_a = low
    b = high
    for _ in range(12):
        middle = (a + b) // 2
        value = _slack(world, history + middle, plan + middle) - target
        if (value > 0.0) == (at_a > 0.0):
            a = middle
        else:
            b = middle
    return Memory(history + b, np.empty((0, 7), dtype=np.int64)), plan + b


def _slack(world: World, history: TickArray, plan: TickArray) -> float:
    certification = world.shield.certify(Memory(history, np.empty((0, 7), dtype=np.int64)), plan)
    if not certification.margins:
        return float("-inf")
    return min(margin.value for name, margin in certification.margins.items() if name != "tip_speed")
