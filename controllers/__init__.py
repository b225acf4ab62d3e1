"""Model-predictive control and what feeds it: problems, solvers, references, inverse kinematics, CRTK motions."""

from .bead_hold import BeadHold
from .bead_mpc import BeadMpc, BeadMpcOptions, CurrentProposal, holding_currents
from .bead_observer import BeadEstimate, BeadObserver, BeadObserverOptions
from .bead_problem import BeadLimits, BeadOptions, bead_problem
from .current_allocation import Allocation, CoilLimits, allocate_currents, allocate_exactly
from .interior_point import InteriorPoint, InteriorPointOptions
from .inverse_kinematics import InverseKinematics, InverseKinematicsOptions, JointSolution, reachable_path
from .jaw_interpolator import JawInterpolator
from .motion import ActiveMotion, MotionLimits, Motions
from .motion_handle import MotionHandle, MotionKind, MotionOutcome
from .optimal_control_problem import OptimalControlProblem, OptimalControlSolution, Rows, SlackPenalty
from .output_disturbance import OutputDisturbance
from .pid import ClippedPid, PidGains
from .real_time_iteration import RealTimeIteration, RealTimeIterationOptions
from .reference import (
    CartesianSpeed,
    ConstantReference,
    JointReference,
    JointTrajectory,
    LineReference,
    PathReference,
    Reference,
    TrapezoidalTiming,
)
from .rotating_field import RotatingField
from .rotation_mpc import RotationMpc, RotationMpcOptions, RotationProposal
from .swimmer_mpc import SwimmerMpc, SwimmerMpcOptions
from .tracking_mpc import TrackingMpc, TrackingMpcOptions
from .tracking_problem import HalfSpace, SetpointLimits, TrackingOptions, tracking_problem

__all__ = [
    "ActiveMotion",
    "Allocation",
    "BeadEstimate",
    "BeadHold",
    "BeadLimits",
    "BeadMpc",
    "BeadMpcOptions",
    "BeadObserver",
    "BeadObserverOptions",
    "BeadOptions",
    "CartesianSpeed",
    "ClippedPid",
    "CoilLimits",
    "ConstantReference",
    "CurrentProposal",
    "HalfSpace",
    "InteriorPoint",
    "InteriorPointOptions",
    "InverseKinematics",
    "InverseKinematicsOptions",
    "JawInterpolator",
    "JointReference",
    "JointSolution",
    "JointTrajectory",
    "LineReference",
    "MotionHandle",
    "MotionKind",
    "MotionLimits",
    "MotionOutcome",
    "Motions",
    "OptimalControlProblem",
    "OptimalControlSolution",
    "OutputDisturbance",
    "PathReference",
    "PidGains",
    "RealTimeIteration",
    "RealTimeIterationOptions",
    "Reference",
    "RotatingField",
    "RotationMpc",
    "RotationMpcOptions",
    "RotationProposal",
    "Rows",
    "SetpointLimits",
    "SlackPenalty",
    "SwimmerMpc",
    "SwimmerMpcOptions",
    "TrackingMpc",
    "TrackingMpcOptions",
    "TrackingOptions",
    "TrapezoidalTiming",
    "allocate_currents",
    "allocate_exactly",
    "bead_problem",
    "holding_currents",
    "reachable_path",
    "tracking_problem",
]
