"""Build a procedure in Python, write it as YAML, and have the file checked as `primum validate` does; then see a mistake refused.

Usage: python examples/05_write_procedure.py [folder for pictures, default runs/examples]

The folder then holds spiral.yaml: `primum validate` and `primum run` take it as it is.
"""

import os
import sys
from pathlib import Path

import matplotlib
import numpy as np

import toolkit.procedure as p
from toolkit import SpecificationError

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent


def spiral(t_s: np.ndarray) -> np.ndarray:
    """Tip positions (k, 3), [m], about the path's own origin: three turns outwards and down, at rest at both ends."""
    s = t_s / t_s[-1]
    s = 6 * s**5 - 15 * s**4 + 10 * s**3
    return np.stack([0.012 * s * np.cos(6 * np.pi * s), 0.012 * s * np.sin(6 * np.pi * s), -0.010 * s], axis=1)


def build(folder: Path) -> p.Procedure:
    """Device, arm, controller and assumptions of the shipped example; constraints and steps of our own."""
    other = p.load_procedure(HERE / "procedures" / "psm_trace.yaml")
    profile = os.path.relpath(HERE / "profiles" / "psm_classic_sim" / "profile.yaml", folder)
    path = p.Generator(function=f"{os.path.relpath(__file__, folder)}:spiral", rate_hz=1000, duration_s=12.0, unit="m")
    place = p.Placement(rotation_BD=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], translation_B_m=[0.0, 0.0, -0.125])
    follow = p.ServoPath(generator=path, scale=1.0, to_B=place, approach_speed_m_s=0.02)
    every = ["shaft", "wrist", "jaw_1", "jaw_2"]
    return p.Procedure(
        primum=1, title="A spiral beside a tumour", device=p.Device(profile=profile), arm=other.arm, controller=other.controller,
        joint_positions=other.joint_positions, assumptions=other.assumptions,
        constraints=[
            p.JointLimits(name="joint_limits"),
            p.KeepInSphere(name="cavity", bodies=["wrist", "jaw_1", "jaw_2"], center_B_m=[0, 0, -0.13], radius_m=0.05),
            p.KeepOutSphere(name="tumour", bodies=every, center_B_m=[0.03, 0, -0.14], radius_m=0.008, hidden_from_controller=True),
            p.SpeedLimit(name="tip_speed", points=["tip", "jaw_1", "jaw_2"], limit_m_s=0.05),
            p.AccelerationLimit(name="tip_acceleration", points=["tip", "jaw_1", "jaw_2"], limit_m_s2=1.0),
        ],
        steps=[p.Enable(), p.Home(), follow, p.Wait(duration_s=1), p.Disable()],
    )  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "spiral.yaml"
    file.write_text(build(folder).text, encoding="utf-8")
    report = p.validate_file(file)
    print("\n".join(report.summary or report.problems))
    try:
        p.KeepOutSphere(name="tumour", bodies=["shaft"], center_B_m=[30, 0, -140], radius_m=8)
    except SpecificationError as error:
        print(f"refused, as it should be:\n{error}")
    positions = next(iter((report.paths or {}).values())).positions_B_m * 1e3
    axes = plt.figure(figsize=(6.5, 5.5), layout="constrained").add_subplot(projection="3d")
    axes.plot(*positions.T, color="#2b6cb0", label="path of the tip")
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 30), np.linspace(0, np.pi, 16))
    ball = 8 * np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v)])
    axes.plot_surface(ball[0] + 30, ball[1], ball[2] - 140, color="#c53030", alpha=0.4)
    axes.set(xlabel="x [mm]", ylabel="y [mm]", zlabel="z [mm]", title=build(folder).title, aspect="equal")
    axes.figure.savefig(folder / "05_write_procedure.png", dpi=130)
    print(f"picture: {folder / '05_write_procedure.png'}")
    assert report.is_valid


if __name__ == "__main__":
    main()
