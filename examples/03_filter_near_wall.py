"""Push the tip straight at a sphere at full speed and see what filter and shield make of it: speed falls as sqrt(2 a d), then rest.

Usage: python examples/03_filter_near_wall.py [folder for pictures, default runs/examples]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from devices import load_profile
from safety import Bounds, CommandedRate, Filter, JointBox, KeepOut, Monitors, SafetyLayer, Shield, sphere
from toolkit import JointProposal, JointState, SolveReport, Verdict
from verification.truth_distance import keep_out_capsule

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

PROFILE = Path(__file__).parent / "profiles" / "psm_classic_sim" / "profile.yaml"
CENTRE, RADIUS, SPEED, A = np.array([0.045, 0.0, -0.134]), 0.012, 0.048, 1.0  # [m], [m], [m/s], [m/s^2]
BODIES, POINTS, T, EPS = ("shaft", "wrist", "jaw_1", "jaw_2"), ("tip", "jaw_1", "jaw_2"), 0.005, 2e-4
COLOURS = {Verdict.PASS: "#2f855a", Verdict.MODIFIED: "#b7791f", Verdict.BACKUP: "#c53030", Verdict.STOP: "#1a202c"}


def build_layer(profile) -> SafetyLayer:
    """The same parts that a run uses, put together by hand."""
    arm, tube, command_class = profile.arm_model, profile.load_tube(), profile.command_class
    constraints = [
        JointBox("joint_limits", profile.joint_lower, profile.joint_upper),
        KeepOut("sphere", sphere(CENTRE, RADIUS), BODIES),
        CommandedRate("speed", POINTS, 1, 0.05),
        CommandedRate("acceleration", POINTS, 2, A),
    ]
    shield = Shield(arm, constraints, profile.tick_map, tube, command_class, Bounds(1e-9, EPS), n_max=40)
    filter_ = Filter(arm, constraints, profile.tick_map, tube, command_class, EPS)
    return SafetyLayer(shield, filter_, Monitors(profile.tick_map, tube, 0.01), enable_speed_max=0.05)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    profile = load_profile(PROFILE)
    arm, tick_map, layer = profile.arm_model, profile.tick_map, build_layer(profile)
    still, solved, joints, verdicts, velocity = np.zeros(arm.n), SolveReport(True, "example", 0, 0.0, 0.0), [], [], 0.0
    ticks = tick_map.to_ticks(np.array([0.0, 0.0, 0.13, 0.0, 0.0, 0.0, 0.2]))
    layer.enable(JointState(tick_map.to_joints(ticks), still, ticks, ticks, 0.0))
    for k in range(260):
        setpoint, newest = layer.setpoint, layer.memory.newest
        velocity = min(velocity + 0.5 * A * T, SPEED)  # the hand wants +x, and never learns of the sphere
        wanted = np.eye(6)[0] * velocity * T
        q = setpoint.q + np.append(np.linalg.lstsq(arm.jacobian(setpoint.q)[:, : arm.n_serial], wanted, rcond=None)[0], 0.0)
        state = JointState(tick_map.to_joints(newest), still, newest, newest, k * T)  # a perfect device, to see the layer alone
        layer.commit(certified := layer.certify(state, JointProposal(q, solved), k * T).certified)
        joints, verdicts = [*joints, layer.setpoint.q], [*verdicts, certified.verdict]
    points = dict(zip(arm.point_names, np.array([arm.points(q) for q in joints]).transpose(1, 0, 2), strict=True))
    bodies = [(points[body.points[0]], points[body.points[1]], body.radius_m) for body in arm.bodies]
    d = np.min([keep_out_capsule(*body, CENTRE, CENTRE, RADIUS) for body in bodies], axis=0)
    v = np.linalg.norm(np.diff(points["tip"], axis=0), axis=1) / T

    figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    shown = np.linspace(0.0, d.max(), 300)
    for rest, words in ((0.0, "d"), (d[-1], "(d - rest)")):
        bound = np.sqrt(2 * A * np.maximum(shown - rest, 0.0))
        axes.plot(shown * 1e3, bound * 1e3, ":" if rest else "--", color="#718096", label=f"sqrt(2 a {words}), a = {A:g} m/s²")
    for verdict in dict.fromkeys(verdicts[1:]):
        mask = np.array([x is verdict for x in verdicts[1:]])
        axes.plot(d[1:][mask] * 1e3, v[mask] * 1e3, ".", color=COLOURS[verdict], label=f"{verdict.value} ({mask.sum()} cycles)")
    axes.axvline(d[-1] * 1e3, color="#a0aec0", linewidth=1, label=f"rest: {d[-1] * 1e3:.2f} mm (tube, registration, curvature)")
    axes.set(xlabel="distance of the nearest body [mm]", ylabel="speed of the tip [mm/s]", xlim=(0, 8), ylim=(0, 60))
    axes.legend(fontsize=8)
    figure.savefig(folder / "03_filter_near_wall.png", dpi=130)
    print(f"at rest {d[-1] * 1e3:.2f} mm from the sphere; picture: {folder / '03_filter_near_wall.png'}")
    assert d.min() > 0.0 and np.ptp(d[-60:]) < 1e-4 and Verdict.MODIFIED in verdicts


if __name__ == "__main__":
    main()
