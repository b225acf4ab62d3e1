"""Safety: constraints, filter, shield, monitors, operating states, audit log. Nothing else constructs a CertifiedCommand."""

from .coil_selftest import CoilResistance, ResistanceFindings, ResistanceLimits, check_resistance
from .constraints import CommandedRate, Constraint, InsertionRule, JointBox, KeepInFaces, KeepInTube, KeepOut, RemoteCentre
from .field_selftest import FieldFindings, FieldLimits, check_field
from .filter import Filter, Filtered, FilterTuning
from .identification import identification_command
from .layer import Decision, SafetyLayer
from .memory import Memory
from .monitors import Monitors, Observation, Reaction, Violation
from .operating_state import TRANSITIONS, StateMachine
from .recorded_layer import RecordedLayer
from .regions import Capsule, Cylinder, Polytope, Region, box, sphere
from .shield import SHIELD_VERSION, Certification, Shield
from .stop_plan import brake
from .tracker_monitor import Fault, TrackerFinding, TrackerLimits, TrackerMonitor, TrackerSample
from .window import Windows, windows_touching
from .window_check import Bounds, WindowCheck

__all__ = [
    "SHIELD_VERSION",
    "TRANSITIONS",
    "Bounds",
    "Capsule",
    "Certification",
    "CoilResistance",
    "CommandedRate",
    "Constraint",
    "Cylinder",
    "Decision",
    "Fault",
    "FieldFindings",
    "FieldLimits",
    "Filter",
    "FilterTuning",
    "Filtered",
    "InsertionRule",
    "JointBox",
    "KeepInFaces",
    "KeepInTube",
    "KeepOut",
    "Memory",
    "Monitors",
    "Observation",
    "Polytope",
    "Reaction",
    "RecordedLayer",
    "Region",
    "RemoteCentre",
    "ResistanceFindings",
    "ResistanceLimits",
    "SafetyLayer",
    "Shield",
    "StateMachine",
    "TrackerFinding",
    "TrackerLimits",
    "TrackerMonitor",
    "TrackerSample",
    "Violation",
    "WindowCheck",
    "Windows",
    "box",
    "brake",
    "check_field",
    "check_resistance",
    "identification_command",
    "sphere",
    "windows_touching",
]
