"""The vocabulary every other package speaks: states, commands, maps, assumptions, errors, the control cycle."""

from .actuation import TickMap
from .arrays import FloatArray, TickArray, finite_array, finite_number, tick_array
from .command import CertifiedCommand, JointProposal, Margin, SolveReport, Verdict
from .command_class import CommandClass
from .errors import (
    AuditFault,
    DeviceFault,
    InvalidInput,
    NoSafeCommand,
    SolverFailure,
    SpecificationError,
    StaleMeasurement,
    ToolkitError,
)
from .pose import Pose
from .state import JointState, OperatingState
from .tube import Tube

__all__ = [
    "AuditFault",
    "CertifiedCommand",
    "CommandClass",
    "DeviceFault",
    "FloatArray",
    "InvalidInput",
    "JointProposal",
    "JointState",
    "Margin",
    "NoSafeCommand",
    "OperatingState",
    "Pose",
    "SolveReport",
    "SolverFailure",
    "SpecificationError",
    "StaleMeasurement",
    "TickArray",
    "TickMap",
    "ToolkitError",
    "Tube",
    "Verdict",
    "finite_array",
    "finite_number",
    "tick_array",
]
