"""Safety: constraints, filter, shield, monitors, operating states, audit log. Nothing else constructs a CertifiedCommand."""

from .authority import AuthorityFindings, AuthorityLimits, BeadMotion, check_authority, t_blind_s
from .coil_layer import BeadSample, CoilDecision, CoilLayer, CoilLayerLimits, CoilMemory
from .coil_selftest import CoilResistance, ResistanceFindings, ResistanceLimits, check_resistance
from .coil_thermal import CoilThermal, CoilThermalState, cem43_min
from .constraints import CommandedRate, Constraint, InsertionRule, JointBox, KeepInFaces, KeepInTube, KeepOut, RemoteCentre
from .field_bound import CoilError, FieldBound
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
from .swimmer_authority import SwimmerAuthority, SwimmerMotion, check_swimmer_authority
from .tracker_monitor import Fault, TrackerFinding, TrackerLimits, TrackerMonitor, TrackerSample
from .window import Windows, windows_touching
from .window_check import Bounds, WindowCheck

__all__ = [
    "SHIELD_VERSION",
    "TRANSITIONS",
    "AuthorityFindings",
    "AuthorityLimits",
    "BeadMotion",
    "BeadSample",
    "Bounds",
    "Capsule",
    "Certification",
    "CoilDecision",
    "CoilError",
    "CoilLayer",
    "CoilLayerLimits",
    "CoilMemory",
    "CoilResistance",
    "CoilThermal",
    "CoilThermalState",
    "CommandedRate",
    "Constraint",
    "Cylinder",
    "Decision",
    "Fault",
    "FieldBound",
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
    "SwimmerAuthority",
    "SwimmerMotion",
    "TrackerFinding",
    "TrackerLimits",
    "TrackerMonitor",
    "TrackerSample",
    "Violation",
    "WindowCheck",
    "Windows",
    "box",
    "brake",
    "cem43_min",
    "check_authority",
    "check_field",
    "check_resistance",
    "check_swimmer_authority",
    "identification_command",
    "sphere",
    "t_blind_s",
    "windows_touching",
]
