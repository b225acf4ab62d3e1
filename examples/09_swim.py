"""A helix swims a figure of eight: the predictive controller stays inside the ball of step-out, a PID with a box leaves it.

Usage: python examples/09_swim.py [folder for pictures, default runs/examples]
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np

from controllers import ClippedPid, PidGains, RotationMpc, RotationMpcOptions
from toolkit.models.fluids import WATER_20C
from toolkit.models.microrobots import Helix, mean_spin_rad_s

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

FIELD_T, DT, SIZE_M, TURN_S = 3e-3, 0.05, 200e-6, 18.6
HELIX = Helix(4.0, 10e-6, 3e-6, 0.8e-6, "right", 1.6e-13, 2000.0, WATER_20C)
STEP_OUT = HELIX.step_out_rad_s(FIELD_T)
OPTIONS = RotationMpcOptions(period_s=DT, horizon=12, error_scale_m=10e-6)


def eight(t: np.ndarray) -> np.ndarray:
    phase = 2.0 * np.pi * t / TURN_S
    return SIZE_M * np.column_stack([np.sin(phase), 0.5 * np.sin(2.0 * phase), 0.0 * t])


def swim(steer: Callable[[np.ndarray, float], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Path, and |w| over step-out. Truth is 4 % slower than the model and loses the field above step-out; the camera has 0.5 um noise."""
    rng = np.random.default_rng(0)
    velocity, p, path, part = HELIX.velocity(DT, 1e-3), np.array([-50e-6, 60e-6, 0.0]), [], []
    for k in range(int(TURN_S / DT)):
        w = steer(p + rng.normal(0.0, 0.5e-6, 3), k * DT)
        rate = float(np.linalg.norm(w))
        p = p + 0.96 * DT * np.asarray(velocity(w * mean_spin_rad_s(rate, STEP_OUT) / max(rate, 1e-9), np.zeros(3))).ravel()
        path.append(p)
        part.append(rate / STEP_OUT)
    return np.array(path), np.array(part)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    mpc = RotationMpc(HELIX.velocity(DT, 20.0), STEP_OUT, OPTIONS)
    pid = ClippedPid(PidGains(5.0, 1.0, 0.0), np.eye(3) / HELIX.advance_m_rad, np.full(3, STEP_OUT), DT)

    def predictive(p: np.ndarray, t: float) -> np.ndarray:
        proposal = mpc.compute(p, eight(t + DT * np.arange(OPTIONS.horizon + 1)), np.zeros(3))
        return np.zeros(3) if proposal.rate_rad_s is None else proposal.rate_rad_s  # a failed solve: let the field rest

    runs = {"MPC, ball": swim(predictive), "PID, box": swim(lambda p, t: pid.compute(p, eight(np.array([t + DT]))[0]))}
    t = DT * np.arange(1, len(runs["PID, box"][1]) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
    left.plot(*eight(t)[:, :2].T * 1e6, color="#bbbbbb", linewidth=5, label="reference")
    for (name, (path, part)), colour in zip(runs.items(), ("#2b6cb0", "#c05621"), strict=True):
        error = np.linalg.norm(path - eight(t), axis=1)[len(t) // 5 :] * 1e6
        out = 100.0 * np.mean(part > 1.0)
        print(f"{name}: rms error {np.sqrt(np.mean(error**2)):.2f} um after the first fifth, step-out in {out:.0f} % of the cycles")
        left.plot(*path[:, :2].T * 1e6, color=colour, label=f"{name}: {np.sqrt(np.mean(error**2)):.2f} um rms")
        right.plot(t, part, color=colour, label=f"{name}: above step-out {out:.0f} % of the time")
    right.axhline(1.0, color="black", linestyle=":", label="step-out")
    left.set(xlabel="x [um]", ylabel="y [um]", title="from 80 um beside the path", aspect="equal", ylim=(-200, 130))
    right.set(xlabel="time [s]", ylabel="rate of the field over step-out", ylim=(0.0, 1.8))
    left.legend(fontsize=8, loc="lower right")
    right.legend(fontsize=8)
    figure.savefig(folder / "09_swim.png", dpi=130)
    print(f"picture: {folder / '09_swim.png'}")
    assert runs["MPC, ball"][1].max() <= 1.0 < runs["PID, box"][1].max()


if __name__ == "__main__":
    main()
