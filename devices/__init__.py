"""Devices: transports, protocols, drivers, and simulated devices that speak the same bytes."""

from .dynamixel_arm import DynamixelArm
from .ending import Ending, end_motion
from .identify_tube import identify_tube
from .profile import ArmProfile, load_profile
from .servo_setup import ProbeResult, probe
from .simulated_arm import Faults, SimulatedArm, launch_simulated_arm, read_truth
from .tube_file import load_tube

__all__ = [
    "ArmProfile",
    "DynamixelArm",
    "Ending",
    "Faults",
    "ProbeResult",
    "SimulatedArm",
    "end_motion",
    "identify_tube",
    "launch_simulated_arm",
    "load_profile",
    "load_tube",
    "probe",
    "read_truth",
]
