"""How fast a helix swims when its field turns faster: in step, then out of it, by resistive-force theory and Adler's law.

Usage: python examples/08_step_out_curve.py [folder for pictures, default runs/examples]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from scipy.integrate import solve_ivp

from toolkit.models.fluids import WATER_20C
from toolkit.models.microrobots import Helix

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

HELIX = Helix(
    turns=4.0,
    pitch_m=10e-6,
    radius_m=3e-6,
    filament_radius_m=0.8e-6,
    handedness="right",
    moment_a_m2=1.6e-13,
    density_kg_m3=2000.0,
    fluid=WATER_20C,
)
FIELDS_MT = (1.0, 2.0, 3.0)
RATES_HZ = np.linspace(0.5, 90.0, 400)


def integrated_speed(rate_rad_s: float, step_out_rad_s: float) -> float:
    """The same speed from the lag itself: phi' = w - w_so sin(phi), averaged over 200 turns of the field."""
    end = 200.0 * 2.0 * np.pi / rate_rad_s
    run = solve_ivp(lambda _, phi: rate_rad_s - step_out_rad_s * np.sin(phi), (0.0, end), [0.0], t_eval=[0.1 * end, end], rtol=1e-7)
    slip = (run.y[0, 1] - run.y[0, 0]) / (0.9 * end)
    return HELIX.advance_m_rad * (rate_rad_s - slip)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    (a, b), (_, c) = HELIX.propulsion_matrix
    print(f"propulsion matrix: a = {a:.3g} N s/m, b = {b:.3g} N s, c = {c:.3g} N m s; {HELIX.advance_m_rad * 2e6 * np.pi:.2f} um a turn")

    figure, axes = plt.subplots(figsize=(9, 5.2), layout="constrained")
    for field_mt, colour in zip(FIELDS_MT, ("#2b6cb0", "#c05621", "#2f855a"), strict=True):
        field_t = field_mt * 1e-3
        out = HELIX.step_out_rad_s(field_t)
        speed = [HELIX.speed_m_s(2.0 * np.pi * rate, field_t) * 1e6 for rate in RATES_HZ]
        axes.plot(RATES_HZ, speed, color=colour, label=f"{field_mt:g} mT: step-out at {out / (2.0 * np.pi):.1f} Hz")
        axes.axvline(out / (2.0 * np.pi), color=colour, linewidth=0.8, linestyle=":")
        some = RATES_HZ[20::45]
        integrated = np.array([integrated_speed(2.0 * np.pi * rate, out) * 1e6 for rate in some])
        axes.plot(some, integrated, "o", color=colour, markersize=5, markerfacecolor="white")
        closed = np.array([HELIX.speed_m_s(2.0 * np.pi * rate, field_t) * 1e6 for rate in some])
        assert np.abs(integrated - closed).max() < 0.02 * max(speed), "two ways to one curve"
        print(f"{field_mt:g} mT: step-out {out / (2.0 * np.pi):.1f} Hz, top speed {max(speed):.1f} um/s")
    axes.plot([], [], "o", color="#555555", markerfacecolor="white", label="integrated lag")
    axes.set(xlabel="rate of the field [Hz]", ylabel="speed [um/s]", title="a helix in a rotating field: in step, then Adler's law")
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / "08_step_out_curve.png", dpi=130)
    print(f"picture: {folder / '08_step_out_curve.png'}")


if __name__ == "__main__":
    main()
