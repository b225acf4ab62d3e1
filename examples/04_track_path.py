"""Let the model-predictive controller alone follow a figure of eight, one solve every 5 ms, and see path, error and times.

Usage: python examples/04_track_path.py [folder for pictures, default runs/examples]

Nothing is certified here: these are proposals, and proposals never reach a device. Examples 02 and 03 show who decides.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from controllers import InverseKinematics, PathReference, SetpointLimits, TrackingMpc
from toolkit import Pose
from toolkit.models import psm_classic

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

T, DURATION = 0.005, 4.0  # [s]


def figure_of_eight(rate_hz: float) -> np.ndarray:
    """Tip positions (k, 3), [m], frame B: 24 mm wide, beginning and ending at rest."""
    s = np.linspace(0.0, 1.0, round(DURATION * rate_hz) + 1)
    phase = 2 * np.pi * (6 * s**5 - 15 * s**4 + 10 * s**3)  # at rest at both ends
    return np.stack([0.012 * np.sin(phase), 0.004 * np.sin(2 * phase), np.full_like(s, -0.125)], axis=1)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    arm = psm_classic()
    straight = np.array([0.0, 0.0, 0.12, 0.0, 0.0, 0.0, 0.2])
    R = arm.tip_pose(straight).R  # the orientation stays
    path = PathReference(figure_of_eight(1000.0), 1000.0, R)
    limits = SetpointLimits(
        velocity=np.array([0.8, 0.8, 0.08, 3.0, 2.0, 2.0, 2.0]),
        acceleration=np.array([16.0, 16.0, 1.6, 60.0, 40.0, 40.0, 40.0]),
        tip_speed_m_s=0.05,
        tip_acceleration_m_s2=0.72,
    )
    mpc = TrackingMpc(arm, limits)
    start = InverseKinematics(arm).solve(Pose(R, path.poses(np.zeros(1))[0][0]), straight)
    q, dq, tips, times = start.q, np.zeros(arm.n), [], []
    t = np.arange(1, round(DURATION / T) + 1) * T
    for instant in t:
        proposal = mpc.compute(q, dq, path, instant)
        assert proposal.q is not None, proposal.report.status
        q, dq = proposal.q, (proposal.q - q) / T  # the plant is the model: what is asked is what happens
        tips.append(arm.tip_pose(q).p_m)
        times.append(proposal.report.time_s)
    tips, wanted = np.array(tips), path.poses(t)[0]
    error = np.linalg.norm(tips - wanted, axis=1)

    figure = plt.figure(figsize=(10.5, 4.2), layout="constrained")
    grid = figure.add_gridspec(2, 2)
    left, top, bottom = (figure.add_subplot(part) for part in (grid[:, 0], grid[0, 1], grid[1, 1]))
    left.plot(*(wanted[:, :2] * 1e3).T, color="#a0aec0", linewidth=5, label="path")
    left.plot(*(tips[:, :2] * 1e3).T, color="#2b6cb0", linewidth=1.2, label="setpoints of the tip")
    left.set(xlabel="x [mm]", ylabel="y [mm]", aspect="equal", title="seen from above")
    left.legend(fontsize=8, loc="upper center")
    speed = np.linalg.norm(np.diff(tips, axis=0), axis=1) / T
    top.plot(t[1:], speed * 1e3, color="#2f855a")
    top.set(ylabel="tip speed [mm/s]", title=f"solve: median {np.median(times) * 1e3:.2f} ms, worst {max(times) * 1e3:.2f} ms")
    bottom.plot(t, error * 1e6, color="#c53030")
    bottom.set(xlabel="time [s]", ylabel="tip error [µm]")
    figure.savefig(folder / "04_track_path.png", dpi=130)
    print(f"tip error {np.sqrt((error**2).mean()) * 1e6:.0f} µm rms; picture: {folder / '04_track_path.png'}")
    assert error.max() < 1e-3 and speed.max() <= 0.0501


if __name__ == "__main__":
    main()
