"""The tracking MPC of a procedure: its limits, its regions, its tuning."""

from typing import Any

import numpy as np

from controllers import (
    ConstantReference,
    HalfSpace,
    RealTimeIterationOptions,
    SetpointLimits,
    TrackingMpc,
    TrackingMpcOptions,
    TrackingOptions,
)
from safety import CommandedRate, KeepInFaces
from toolkit import Setpoint, SolverFailure
from toolkit.procedure import MoveCp, joint_vector

from .assembly import Assembly

SPEED_SHARE = 0.95
ACCELERATION_SHARE = 0.72
JOINT_SHARE = 0.8
"""Below the certified limits: rounding to ticks adds up to half a tick to each increment, a filter row is linear, a sphere is not."""
BEYOND_TIP_M = 0.015
"""A jaw and its radius, beyond the wrist's yaw axis which the tip is."""
NEAR_M = 0.005


def build_mpc(assembly: Assembly) -> TrackingMpc:
    """The tracking MPC with the limits of the procedure, less what rounding adds, and the keep-in faces it is told of."""
    profile, chosen = assembly.profile, assembly.procedure.controller
    rates = [c for c in assembly.constraints if isinstance(c, CommandedRate)]
    limits = SetpointLimits(
        velocity=np.array([joint.si[2] for joint in profile.joints]) * JOINT_SHARE,
        acceleration=np.array([joint.si[3] for joint in profile.joints]) * JOINT_SHARE,
        tip_speed_m_s=SPEED_SHARE * min((c.limit for c in rates if c.order == 1), default=0.5),
        tip_acceleration_m_s2=ACCELERATION_SHARE * min((c.limit for c in rates if c.order == 2), default=10.0),
        # The tip stands for all limited points: with a steady orientation they move alike, and the shield checks each of them.
        points=("tip",),
        joint_margin=2.0 * assembly.tube.e,
    )
    stage_periods = round(chosen.stage_s / profile.period_s)  # whole: assemble() has refused anything else
    options = TrackingOptions(stages=chosen.horizon_stages, stage_periods=stage_periods, period_s=profile.period_s, **_weights(assembly))
    # One SQP step a cycle and no second one: a row exceeded for a cycle is the shield's to judge, a late cycle is nobody's.
    solver = RealTimeIterationOptions(qp_tolerance=1e-5, scaling_iterations=3, iterations_extra=0)
    resolution = profile.tick_map.abs_M.sum(axis=1)
    tracking = TrackingMpcOptions(tracking=options, solver=solver, latency_s=profile.latency_s, resolution=resolution)
    return TrackingMpc(assembly.arm, limits, tracking, _known_faces(assembly))


def prime(mpc: TrackingMpc, assembly: Assembly, setpoint: Setpoint, solves: int = 20) -> None:
    """Start the controller where the arm stands: IPOPT's solution for standing still, then solves until every path has been walked.

    Takes a good part of a second: before torque comes on, because a device that hears nothing for that long takes it off again.
    Raises:
        SolverFailure: IPOPT finds no way to stand still here: the problem contradicts itself where the arm is.
    """
    reference = ConstantReference(assembly.arm.tip_pose(setpoint.q))
    report = mpc.cold_start(setpoint.q, setpoint.q_dot, reference, 0.0)
    if not report.ok:
        raise SolverFailure(f"enable refused: the controller has no solution for standing still here: IPOPT: {report.status}")
    for _ in range(solves):
        mpc.compute(setpoint.q, setpoint.q_dot, reference, 0.0)


_WEIGHTS = ("position_scale_m", "orientation_scale_rad", "terminal_weight", "velocity_weight", "acceleration_weight")


def _weights(assembly: Assembly) -> dict[str, Any]:
    """What the procedure states of the controller's tuning; the rest is the controller's own."""
    chosen = assembly.procedure.controller
    return {name: getattr(chosen, name) for name in _WEIGHTS if getattr(chosen, name) is not None}


def _known_faces(assembly: Assembly) -> tuple[HalfSpace, ...]:
    """Keep-in faces for the tip alone, moved in by what the bodies around it need: the MPC only has to stay out of the way.

    A face that no path and no target comes near costs time in every solve and says nothing; it is left to the shield.
    """
    hidden = {region.name for region in assembly.procedure.regions if region.hidden_from_controller}
    reach_m = max(body.radius_m for body in assembly.arm.bodies) + BEYOND_TIP_M
    visited = np.concatenate(
        [
            *(path.positions_B_m[::10] for path in assembly.paths.values()),
            *(np.array([step.position_B_m]) for step in assembly.procedure.steps if isinstance(step, MoveCp)),
            *(
                assembly.arm.tip_pose(joint_vector(assembly.procedure, name, assembly.arm)).p_m[None]
                for name in assembly.procedure.joint_positions
            ),
        ]
    )
    return tuple(
        HalfSpace(-normal, -(float(offset) - reach_m), ("tip",))
        for c in assembly.constraints
        if isinstance(c, KeepInFaces) and c.name not in hidden
        for normal, offset in zip(c.normals_B, c.offsets_m, strict=True)
        if float((visited @ normal).max(initial=-np.inf)) > float(offset) - reach_m - NEAR_M
    )
