"""The pilot of a robot that a rotating field turns: held by swimming, or rolling, back to where the hold began."""

from controllers import BeadEstimate
from safety import BeadSample, CoilMemory
from toolkit import TickArray, ToolkitError

from .robot_pilot import START_S, RobotPilot, ampere, milliampere
from .turned_assembly import TurnedAssembly


class SwimmerPilot(RobotPilot):
    """Raises as RobotPilot."""

    def __init__(self, assembly: TurnedAssembly) -> None:
        self._swimmer_mpc = assembly.mpc(START_S)
        super().__init__(assembly, self._swimmer_mpc)

    def _hold_mA(self, memory: CoilMemory, sample: BeadSample, estimate: BeadEstimate) -> TickArray | None:
        to_m = estimate.p_m if self._hold_at is None else self._hold_at
        try:
            return milliampere(self._swimmer_mpc.hold(estimate.t_s, to_m, ampere(memory.newest_mA)).i_A)
        except ToolkitError:  # without a hold the layer keeps the newest currents for a while: a field at rest
            return None
