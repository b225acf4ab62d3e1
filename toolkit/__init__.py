"""The vocabulary every other package speaks: states, commands, maps, assumptions, errors, the control cycle."""

from .actuation import TickMap
from .arrays import FloatArray, TickArray, finite_array, finite_number, tick_array
from .clock import Clock, MonotonicClock
from .command import CertifiedCommand, JointProposal, Margin, SolveReport, Verdict
from .command_class import CommandClass
from .cycle import Controller, CycleRecord, Device, Safety, ServoLoop, run_cycle
from .errors import (
    AuditFault,
    DeviceFault,
    InvalidInput,
    NoSafeCommand,
    SolverFailure,
    SpecificationError,
    StaleMeasurement,
    ToolkitError,
    device_error,
)
from .pose import Pose
from .propose_ahead import ProposeAhead
from .state import JointState, OperatingState, Setpoint
from .tube import Tube

__all__ = [
    "AuditFault",
    "CertifiedCommand",
    "Clock",
    "CommandClass",
    "Controller",
    "CycleRecord",
    "Device",
    "DeviceFault",
    "FloatArray",
    "InvalidInput",
    "JointProposal",
    "JointState",
    "Margin",
    "MonotonicClock",
    "NoSafeCommand",
    "OperatingState",
    "Pose",
    "ProposeAhead",
    "Safety",
    "ServoLoop",
    "Setpoint",
    "SolveReport",
    "SolverFailure",
    "SpecificationError",
    "StaleMeasurement",
    "TickArray",
    "TickMap",
    "ToolkitError",
    "Tube",
    "Verdict",
    "device_error",
    "finite_array",
    "finite_number",
    "run_cycle",
    "tick_array",
]
