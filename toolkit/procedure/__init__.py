"""A procedure file: what it may say, how it is read, and what is refused before any device is enabled."""

from .arm_check import ArmModel, check_against_arm, joint_vector
from .assumption import (
    Assumptions,
    HoldsWhenSilent,
    MeasurementAge,
    ModelMatchesRobot,
    NobodyElseDrives,
    NumbersMatchModel,
    SetpointsBehind,
    TubeContract,
)
from .constraint import AccelerationLimit, Constraint, InsertionRule, JointLimits, RemoteCentre, SpeedLimit
from .json_schema import json_schema, write_json_schema
from .load import load_procedure
from .path_file import read_path_file
from .path_generator import generate_path
from .path_source import read_servo_paths
from .procedure import Arm, Controller, Device, Procedure
from .region import (
    HalfSpace,
    KeepInBox,
    KeepInCapsule,
    KeepInCylinder,
    KeepInHalfSpace,
    KeepInPolytope,
    KeepInSphere,
    KeepOutBox,
    KeepOutCapsule,
    KeepOutCylinder,
    KeepOutPolytope,
    KeepOutSphere,
    Region,
)
from .region_check import check_regions
from .sampled_path import SampledPath
from .servo_path import Generator, Placement, Recording, TimeColumn
from .source import Source, read_source
from .step import Disable, Enable, Home, MoveCp, MoveJp, ServoPath, Step, Wait
from .validate import FileReport, validate_file
from .yaml_model import load_yaml_model

__all__ = [
    "AccelerationLimit",
    "Arm",
    "ArmModel",
    "Assumptions",
    "Constraint",
    "Controller",
    "Device",
    "Disable",
    "Enable",
    "FileReport",
    "Generator",
    "HalfSpace",
    "HoldsWhenSilent",
    "Home",
    "InsertionRule",
    "JointLimits",
    "KeepInBox",
    "KeepInCapsule",
    "KeepInCylinder",
    "KeepInHalfSpace",
    "KeepInPolytope",
    "KeepInSphere",
    "KeepOutBox",
    "KeepOutCapsule",
    "KeepOutCylinder",
    "KeepOutPolytope",
    "KeepOutSphere",
    "MeasurementAge",
    "ModelMatchesRobot",
    "MoveCp",
    "MoveJp",
    "NobodyElseDrives",
    "NumbersMatchModel",
    "Placement",
    "Procedure",
    "Recording",
    "Region",
    "RemoteCentre",
    "SampledPath",
    "ServoPath",
    "SetpointsBehind",
    "Source",
    "SpeedLimit",
    "Step",
    "TimeColumn",
    "TubeContract",
    "Wait",
    "check_against_arm",
    "check_regions",
    "generate_path",
    "joint_vector",
    "json_schema",
    "load_procedure",
    "load_yaml_model",
    "read_path_file",
    "read_servo_paths",
    "read_source",
    "validate_file",
    "write_json_schema",
]
