"""A simulated coil rig in a process of its own: the reference firmware, compiled for this host, before coils that are a circuit."""

from .faults import CoilFaults
from .launch import SimulatedCoils, launch_simulated_coils

__all__ = ["CoilFaults", "SimulatedCoils", "launch_simulated_coils"]
