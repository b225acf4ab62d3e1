"""Load an arm with its instrument, say where its joint limits come from and where sources disagree, and draw it.

Usage: python examples/01_load_arm.py [folder for pictures, default runs/examples]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from toolkit.models import SerialArm, load_arm

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

POSES = {  # yaw, pitch [rad], insertion [m], roll, wrist pitch, wrist yaw, jaw [rad]
    "straight": [0.0, 0.0, 0.12, 0.0, 0.0, 0.0, 0.2],
    "to one side, wrist bent": [0.5, 0.2, 0.16, 0.0, 0.7, 0.3, 0.6],
    "to the other, jaws wide": [-0.45, -0.25, 0.14, 0.8, -0.5, 0.5, 1.2],
}


def draw_arm(axes: plt.Axes, arm: SerialArm, q: np.ndarray, label: str, colour: str) -> None:
    """Every body as the line between its points; the radius is in the width."""
    points = dict(zip(arm.point_names, arm.points(q) * 1e3, strict=True))
    for body in arm.bodies:
        line = np.array([points[name] for name in body.points])
        axes.plot(*line.T, color=colour, linewidth=0.9e3 * body.radius_m, solid_capstyle="round", alpha=0.75, label=label)
        label = "_nolegend_"


def draw_limits(axes: plt.Axes, arm: SerialArm) -> None:
    """One bar a joint, in units of its own range; the numbers and the file that decided each are written at the ends."""
    limits = arm.limits
    for row, name in enumerate(limits.names):
        disputed = any(sentence.startswith(f"{name}:") for sentence in limits.differences)
        axes.barh(row, 1.0, color="#fbd9b5" if disputed else "#c6d7ea", edgecolor="#777777", height=0.55)
        for x, value, where, side in ((0.02, limits.lower[row], 0, "left"), (0.98, limits.upper[row], 1, "right")):
            source = limits.origin[row][where].split()[0]
            axes.text(x, row, f"{value:.4g} {limits.units[row]}\n{source}", ha=side, va="center", fontsize=7.5)
        axes.text(0.5, row, name.replace("_", " "), ha="center", va="center", fontsize=9, weight="bold")
    axes.set_title("joint limits that hold, and the source of each; orange: sources disagree", fontsize=10)
    axes.set(xlim=(0, 1), xticks=[], yticks=[])
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    arm = load_arm("psm_classic", "LARGE_NEEDLE_DRIVER:400006")
    print(f"{arm.name}: {arm.n} coordinates, bodies {', '.join(body.name for body in arm.bodies)}, digest {arm.digest[:16]}")
    for sentence in (*arm.limits.differences, *arm.notes):
        print(f"  note: {sentence}")

    figure = plt.figure(figsize=(11, 5.2), layout="constrained")
    axes = figure.add_subplot(1, 2, 1, projection="3d")
    for (label, q), colour in zip(POSES.items(), ("#2b6cb0", "#c05621", "#2f855a"), strict=True):
        draw_arm(axes, arm, np.array(q), label, colour)
    axes.scatter([0], [0], [0], color="black", s=30, label="remote centre (origin of B)")
    axes.set(xlabel="x [mm]", ylabel="y [mm]", zlabel="z [mm]", title="shaft, wrist and jaws in three poses")
    axes.set_aspect("equal")
    axes.view_init(elev=14, azim=-62)
    axes.legend(loc="upper left", fontsize=8)
    draw_limits(figure.add_subplot(1, 2, 2), arm)
    figure.savefig(folder / "01_load_arm.png", dpi=130)
    print(f"picture: {folder / '01_load_arm.png'}")
    assert all(not arm.limits.violations(np.array(q)) for q in POSES.values())


if __name__ == "__main__":
    main()
