"""Devices: transports, protocols, drivers, and simulated devices that speak the same bytes."""

from .coil_driver import CoilDriver
from .coil_profile import CoilProfile, load_coil_profile
from .coil_selftest import SelftestResult, run_coil_selftest
from .coil_state import CoilState
from .dynamixel_arm import DynamixelArm
from .ending import Ending, end_motion
from .identify_tube import identify_tube
from .profile import ArmProfile, load_profile
from .servo_setup import ProbeResult, probe
from .simulated_arm import Faults, SimulatedArm, launch_simulated_arm
from .simulated_coils import CoilFaults, SimulatedCoils, launch_simulated_coils
from .truth_file import read_truth
from .tube_file import load_tube

__all__ = [
    "ArmProfile",
    "CoilDriver",
    "CoilFaults",
    "CoilProfile",
    "CoilState",
    "DynamixelArm",
    "Ending",
    "Faults",
    "ProbeResult",
    "SelftestResult",
    "SimulatedArm",
    "SimulatedCoils",
    "end_motion",
    "identify_tube",
    "launch_simulated_arm",
    "launch_simulated_coils",
    "load_coil_profile",
    "load_profile",
    "load_tube",
    "probe",
    "read_truth",
    "run_coil_selftest",
]
