"""Eight coils of a real system: how much field and gradient they can make in each direction, and why a clipped current is no answer.

Usage: python examples/06_field_map.py [folder for pictures, default runs/examples]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from controllers import CoilLimits, allocate_currents
from toolkit.models.magnetics import load_mpem_model

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

CALIBRATION = Path(__file__).parent / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"
LIMITS = CoilLimits(i_max_ampere=np.full(8, 12.0), R_ohm=np.ones(8), heat_max_watt=600.0)
WANTED = np.array([0.02, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0])  # 20 mT along x, pulling along z with 0.3 T/m, at the centre
TOO_MUCH = 4.0 * WANTED


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    model = load_mpem_model(CALIBRATION)
    A = model.actuation(np.zeros(3))
    found = allocate_currents(A, WANTED, LIMITS)
    assert found.i_ampere is not None
    print(f"{model.name}: currents {np.round(found.i_ampere, 2)} A make 20 mT along x and 0.3 T/m")

    refused = allocate_currents(A, TOO_MUCH, LIMITS)
    assert refused.i_ampere is None
    clipped = A @ np.clip(np.linalg.solve(A, TOO_MUCH), -12.0, 12.0)
    turned = np.degrees(np.arccos(clipped[:3] @ TOO_MUCH[:3] / np.linalg.norm(clipped[:3]) / np.linalg.norm(TOO_MUCH[:3])))
    print(f"four times as much is refused: {refused.obstacle}: {refused.detail}")
    print(f"clipped currents would turn the field by {turned:.0f} degrees")

    x = np.linspace(-0.01, 0.01, 41)
    X, Z = np.meshgrid(x, x)
    points = np.stack([X, np.zeros_like(X), Z], axis=-1).reshape(-1, 3)
    sample = model.field(points, np.tile(found.i_ampere, (len(points), 1)))
    B = 1e3 * sample.B_tesla.reshape(41, 41, 3)
    g5 = sample.g5_tesla_per_m.reshape(41, 41, 5)

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.6), layout="constrained")
    for axes, values, label, title in (
        (left, np.linalg.norm(B, axis=-1), "|B| [mT]", "field in the plane y = 0"),
        (middle, g5[..., 2], "dBx/dz [T/m]", "the gradient that pulls along z"),
    ):
        filled = axes.contourf(1e3 * X, 1e3 * Z, values, levels=18, cmap="viridis")
        figure.colorbar(filled, ax=axes, label=label)
        axes.set(xlabel="x [mm]", ylabel="z [mm]", title=title)
        axes.set_aspect("equal")
    left.streamplot(1e3 * x, 1e3 * x, B[..., 0], B[..., 2], color="white", density=0.7, linewidth=0.7)

    angles = np.linspace(0.0, 2.0 * np.pi, 73)
    ways = np.stack([np.cos(angles), 0.0 * angles, np.sin(angles)], axis=-1)
    for name, rows, extra in (("gradient left free", A[:3], []), ("without any gradient", A, [0.0] * 5)):
        shares = [allocate_currents(rows, [*way, *extra], LIMITS).scale for way in ways]  # of 1 T
        right.plot(1e3 * np.array(shares) * ways[:, 0], 1e3 * np.array(shares) * ways[:, 2], label=name)
    right.set(xlabel="Bx [mT]", ylabel="Bz [mT]", title="largest field at the centre")
    right.set_aspect("equal")
    right.legend(fontsize=8)
    figure.savefig(folder / "06_field_map.png", dpi=120)
    print(f"picture: {folder / '06_field_map.png'}")


if __name__ == "__main__":
    main()
