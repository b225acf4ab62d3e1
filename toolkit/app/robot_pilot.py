"""Proposal, hold and verdict of a micro-robot's cycle: everything between a measurement and a write, and nothing of device or time."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from controllers import BeadEstimate, CurrentProposal
from devices.stereo_tracker import TrackedPoint
from safety import BeadSample, CoilDecision, CoilMemory
from toolkit import FloatArray, SolveReport, TickArray, Verdict

from .coil_assembly import CoilAssembly
from .coil_parts import coil_layer

REHEARSALS = 20
START_S = 1.0
LIFT_SHARE = 0.9
"""Of the slew limit, while currents rise from zero to those that hold."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What the layer was given and what it decided, [mA]."""

    sample: BeadSample
    proposal: CurrentProposal
    proposed_mA: TickArray | None
    hold_mA: TickArray | None
    memory: CoilMemory
    decision: CoilDecision


class RobotObserver(Protocol):
    """Where a controller thinks the robot is."""

    @property
    def newest_s(self) -> float: ...

    def estimate(self, t_s: float) -> BeadEstimate: ...


class RobotController(Protocol):
    """What leads the robot along its path. Untrusted: the layer judges what it proposes."""

    @property
    def observer(self) -> RobotObserver: ...

    @property
    def hold_A(self) -> FloatArray:
        """Currents at the beginning of the path, (n,)."""

    def begin(self, path: Any, t_s: float, seen_m: FloatArray) -> None: ...

    def frame(self, taken_s: float, p_m: FloatArray) -> bool: ...

    def compute(self, t_s: float, newest_A: FloatArray) -> CurrentProposal: ...


class RobotPilot(ABC):
    """One run's controller, hold and layer. Compiling them takes seconds, before anything is armed.

    mpc: made for a path that begins at `START_S`, of a robot that is seen at its first point then.
    Raises:
        SpecificationError, InvalidInput: the coils cannot hold the robot where its path begins, or the assumptions contradict each other.
    """

    def __init__(self, assembly: CoilAssembly, mpc: RobotController) -> None:
        self._assembly, self._path, self.mpc = assembly, assembly.path, mpc
        self._latency_s = assembly.procedure.controller.latency_s
        self._noise_m = assembly.procedure.assumptions.B2.noise_m
        self.layer = coil_layer(assembly)
        self._hold_at: FloatArray | None = None
        self._rehearse(TrackedPoint(0, START_S, assembly.path(np.zeros(1))[0][0], 0.0, 0.0))

    def begin(self, seen: TrackedPoint, began_s: float) -> None:
        """Forget what was; the path begins at began_s, the robot is where it was seen and moves from then on.

        Raises:
            InvalidInput: it cannot be held there.
        """
        self._path, self._hold_at = self._assembly.path.begun_at(began_s), None
        self.mpc.begin(self._path, seen.t_s, seen.p_m)

    def reference_m(self, at_s: float) -> FloatArray:
        """Where the robot should be, (3,)."""
        return np.asarray(self._path(np.array([at_s]))[0][0])

    @property
    def lift_steps(self) -> int:
        """Periods in which currents rise to those that hold."""
        limits = self._assembly.procedure.limits
        step_A = LIFT_SHARE * limits.slew_A_s * self._assembly.period_s
        return max(1, int(np.ceil(float(np.abs(self.mpc.hold_A).max()) / step_A)))

    def lift(self, k: int, seen: TrackedPoint, at_s: float) -> CurrentProposal:
        """The k-th of `lift_steps` on the straight way from zero, of a robot that rests."""
        resting = BeadEstimate(at_s, seen.p_m, np.zeros(3), self._noise_m, at_s - seen.t_s)
        return CurrentProposal(self.mpc.hold_A * k / self.lift_steps, SolveReport(True, "lifting", 0, 0.0, 0.0), resting)

    def propose(self, at_s: float, newest_mA: TickArray) -> CurrentProposal:
        """What the controller would like; whatever it raises is a proposal without currents."""
        try:
            return self.mpc.compute(at_s + self._latency_s, ampere(newest_mA))
        except Exception as error:  # a controller is untrusted: without a proposal the layer holds, and stops when none comes
            report = SolveReport(False, f"raised {type(error).__name__}: {error}", 0, float("inf"), 0.0)
            return CurrentProposal(None, report, self.mpc.observer.estimate(max(at_s + self._latency_s, self.mpc.observer.newest_s)))

    def sample(self, at_s: float, estimate: BeadEstimate, seen: TrackedPoint, temperature_c: tuple[float | None, ...]) -> BeadSample:
        """What the layer is told in the cycle of at_s; the estimate is of the moment at which its currents begin to move."""
        return BeadSample(at_s, estimate.p_m, estimate.p_std_m, seen.p_m, seen.t_s, temperature_c)

    def judge(self, memory: CoilMemory, sample: BeadSample, proposal: CurrentProposal) -> Judged:
        """Let the layer decide on the proposal, and once more with a hold where it needs one: a verdict of PASS depends on no hold."""
        proposed_mA = milliampere(proposal.i_A)
        decision, hold_mA = self.layer.decide(memory, sample, proposed_mA, None), None
        if decision.certified.verdict is not Verdict.PASS and not memory.stopped:
            hold_mA = self._hold_mA(memory, sample, proposal.estimate)
            decision = self.layer.decide(memory, sample, proposed_mA, hold_mA)
        self._remember(decision, proposal.estimate)
        return Judged(sample, proposal, proposed_mA, hold_mA, memory, decision)

    @abstractmethod
    def _hold_mA(self, memory: CoilMemory, sample: BeadSample, estimate: BeadEstimate) -> TickArray | None:
        """Currents that keep the robot where it is, or lead it to `_hold_at`."""

    def _remember(self, decision: CoilDecision, estimate: BeadEstimate) -> None:
        """Where to hold, from the cycle on that began it."""
        if decision.retreat:
            self._hold_at = self._assembly.middle_of(estimate.p_m)[0]
        elif not decision.hold:
            self._hold_at = None
        elif self._hold_at is None:
            self._hold_at = estimate.p_m

    def _rehearse(self, seen: TrackedPoint) -> None:
        """First calls compile: they must not be in a cycle."""
        n, memory = self._assembly.profile.n, None
        for k in range(1, REHEARSALS + 1):
            at_s = seen.t_s + k * 1e-3  # so near that the robot is still where it was seen
            proposal = self.propose(at_s, np.rint(1e3 * self.mpc.hold_A).astype(np.int64))
            sample = self.sample(at_s, proposal.estimate, seen, (None,) * n)
            memory = memory or self.layer.begin(sample)
            if sample.t_s > memory.t_s:
                self.judge(memory, sample, proposal)
                self._hold_mA(memory, sample, proposal.estimate)


def ampere(current_mA: TickArray) -> FloatArray:
    return np.asarray(1e-3 * current_mA, dtype=np.float64)


def milliampere(i_A: FloatArray | None) -> TickArray | None:
    return None if i_A is None else np.rint(1e3 * i_A).astype(np.int64)
