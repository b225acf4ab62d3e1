"""Build a shield by hand, certify a plan that stays clear of a sphere, and see one refused, with the reason and the margins.

Usage: python examples/02_certify_plan.py [folder for pictures, default runs/examples]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from devices import load_profile
from safety import Bounds, Certification, JointBox, KeepOut, Memory, Shield, brake, sphere, windows_touching

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

PROFILE = Path(__file__).parent / "profiles" / "psm_classic_sim" / "profile.yaml"
CENTRE, RADIUS, SPEED, BRAKE = np.array([0.024, 0.0, -0.134]), 0.006, 0.05, 0.76  # [m], [m], [m/s], [m/s^2]


def approach(shield: Shield, arm, q: np.ndarray, periods: int) -> tuple[Memory, np.ndarray]:
    """A plan in +x: speed up, go on for `periods`, brake to rest. Setpoints are integers: ticks of the servos."""
    here = shield.tick_map.to_ticks(q)
    step_m = np.array([SPEED * 0.005, 0.0, 0.0, 0.0, 0.0, 0.0])
    dq = np.append(np.linalg.lstsq(arm.jacobian(q)[:, : arm.n_serial], step_m, rcond=None)[0], 0.0)
    full = np.rint(shield.tick_map.rate_to_ticks(dq)).astype(np.int64)
    rising = [np.rint(full * share).astype(np.int64) for share in np.linspace(0.1, 1.0, 10)]
    moving = here + np.cumsum([*rising, *[full] * periods], axis=0)
    stop = brake(moving[-1], full, SPEED * 0.005, BRAKE, shield.command_class)
    return Memory.at_rest(here, shield.tube.window), np.concatenate([moving, stop])


def draw(axes: plt.Axes, shield: Shield, arm, memory: Memory, plan: np.ndarray, result: Certification) -> None:
    """Where a jaw's end may be in each window: random joints of the box |q - c| <= r. Below it, what the shield said."""
    windows = windows_touching(memory.history, plan, shield.tick_map, shield.tube)
    rng = np.random.default_rng(0)
    jaw = arm.point_names.index("jaw_1")
    for c, r in zip(windows.c[::3], windows.r[::3], strict=True):
        cloud = np.array([arm.points(c + r * rng.choice([-1.0, 1.0], arm.n))[jaw] for _ in range(120)]) * 1e3
        axes.scatter(cloud[:, 0], cloud[:, 2], s=2, color="#2f855a" if result.ok else "#c53030", alpha=0.25, linewidths=0)
    path = np.array([arm.points(shield.tick_map.to_joints(ticks))[jaw] for ticks in plan]) * 1e3
    axes.plot(path[:, 0], path[:, 2], ".-", color="black", markersize=3, linewidth=1, label="setpoints, end of jaw 1")
    axes.add_patch(plt.Circle(CENTRE[[0, 2]] * 1e3, RADIUS * 1e3, color="#b7791f", alpha=0.5))
    radius = next(body.radius_m for body in arm.bodies if body.name == "jaw_1")
    axes.add_patch(plt.Circle(CENTRE[[0, 2]] * 1e3, (RADIUS + radius) * 1e3, fill=False, color="#b7791f", linestyle="--"))
    said = "certified" if result.ok else f"refused: {result.reason}"
    axes.set(xlabel=f"x [mm]\n{said}\nmargin of the sphere {result.margins['sphere'].value * 1e3:.2f} mm", ylabel="z [mm]")
    axes.set(xlim=(-2, 32), ylim=(-145, -123), aspect="equal")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    profile = load_profile(PROFILE)
    arm, tube = profile.arm_model, profile.load_tube()
    limits = JointBox("joint_limits", profile.joint_lower, profile.joint_upper)
    region = KeepOut("sphere", sphere(CENTRE, RADIUS), ("shaft", "wrist", "jaw_1", "jaw_2"))
    bounds = Bounds(eta_m=1e-9, registration_m=2e-4)
    shield = Shield(arm, [limits, region], profile.tick_map, tube, profile.command_class, bounds, n_max=80)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharex=True, sharey=True, layout="constrained")
    results = []
    for panel, periods in zip(axes, (24, 44), strict=True):
        memory, plan = approach(shield, arm, np.array([0.0, 0.0, 0.13, 0.0, 0.0, 0.0, 0.2]), periods)
        results.append(shield.certify(memory, plan))
        print(f"{len(plan)} setpoints: {'certified' if results[-1].ok else 'refused, it ' + results[-1].reason}")
        draw(panel, shield, arm, memory, plan, results[-1])
    axes[0].legend(fontsize=8, loc="upper left")
    figure.suptitle("What may be in force (coloured) must stay outside the sphere grown by the jaw's radius (dashed)")
    figure.savefig(folder / "02_certify_plan.png", dpi=130)
    print(f"picture: {folder / '02_certify_plan.png'}")
    assert results[0].ok and results[1].refused_by == ("sphere",)


if __name__ == "__main__":
    main()
