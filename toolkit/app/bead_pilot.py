"""The pilot of a bead in a vessel: held by feedback against the flow that was seen."""

import numpy as np

from controllers import BeadEstimate
from safety import BeadSample, CoilMemory
from toolkit import TickArray

from .robot_pilot import START_S, RobotPilot, ampere, milliampere
from .vessel_assembly import VesselAssembly
from .vessel_parts import bead_hold


class BeadPilot(RobotPilot):
    """Raises as RobotPilot."""

    def __init__(self, assembly: VesselAssembly) -> None:
        self._hold, self._bead_mpc = bead_hold(assembly), assembly.mpc(START_S, assembly.path(np.zeros(1))[0][0])
        super().__init__(assembly, self._bead_mpc)

    def _hold_mA(self, memory: CoilMemory, sample: BeadSample, estimate: BeadEstimate) -> TickArray | None:
        observer, along = self._bead_mpc.observer, self._assembly.middle_of(estimate.p_m)[1]
        flow, _ = observer.flow(np.array([max(sample.t_s, observer.newest_s)]), along[None])
        to_m = estimate.p_m if self._hold_at is None else self._hold_at
        return milliampere(self._hold.currents(estimate, flow[0], to_m, ampere(memory.newest_mA)))
