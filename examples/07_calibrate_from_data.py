"""Calibrate coils from a measured field, and judge the fit on planes it has not seen: a fit is not proved by the points it was made of.

Usage: python examples/07_calibrate_from_data.py [folder for pictures, default runs/examples]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from toolkit.models.magnetics import cross_validate, fit_mpem, load_field_data, load_mpem, mpem_residual, relative_rms

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

DATA = Path(__file__).parent / "data"
PUBLISHED = DATA / "magnetic_calibrations" / "Navion_2_Calibration_24-02-2020.yaml"
MEASURED = DATA / "navion_field" / "measured_field.csv"


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    data = load_field_data(MEASURED)
    # As published, every coil has the wrong sign (`primum selftest` says so): turned round, it is a fair opponent.
    published = load_mpem(PUBLISHED).with_signs([-1, -1, -1])
    results = cross_validate(published, data, data.labels["plane"])
    for result in results:
        print(f"plane {result.group:>2} held out: published {result.start:.1%}, fitted on the other planes {result.held_out:.1%}")
        assert result.held_out < result.start

    held = np.array(data.labels["plane"]) == "0"
    fit = fit_mpem(published, data.only(~held))
    left = {"published": mpem_residual(published, data.only(held)), "refit": mpem_residual(fit.calibration, data.only(held))}
    measured = data.only(held)

    figure, axes = plt.subplots(1, 4, figsize=(16, 4.2), layout="constrained")
    x = np.arange(len(results))
    for shift, (name, attribute) in zip(
        (-0.25, 0.0, 0.25), (("published", "start"), ("refit, unseen", "held_out"), ("refit, seen", "fitted")), strict=True
    ):
        axes[0].bar(x + shift, [100.0 * getattr(result, attribute) for result in results], 0.23, label=name)
    axes[0].set(
        xticks=x, xticklabels=[f"plane {result.group}" for result in results], ylabel="residual [% of the field]", title="held out in turn"
    )
    axes[0].legend(fontsize=8, loc="lower right")

    bins = np.linspace(0.0, 6.0, 40)
    for name, residual in left.items():
        error = relative_rms(residual, measured.B_tesla)
        axes[1].hist(1e3 * np.linalg.norm(residual, axis=1), bins, alpha=0.6, label=f"{name}: {error:.1%}")
    axes[1].set(xlabel="|model - measured| [mT]", ylabel="measurements", title="plane 0, not used for the fit")
    axes[1].legend(fontsize=8)

    places, which = np.unique(measured.p_m[:, :2], axis=0, return_inverse=True)
    largest = 0.0
    for panel, (name, residual) in zip(axes[2:], left.items(), strict=True):
        rms = 1e3 * np.sqrt(np.bincount(which.ravel(), (residual**2).sum(axis=1)) / np.bincount(which.ravel()))
        largest = max(largest, float(rms.max()))
        dots = panel.scatter(*(1e3 * places.T), c=rms, s=70, cmap="viridis", vmin=0.0, vmax=largest)
        panel.set(xlabel="x [mm]", ylabel="y [mm]", title=f"{name}: what is left at each sensor")
        panel.set_aspect("equal")
    figure.colorbar(dots, ax=axes[2:], label="residual [mT]")
    figure.savefig(folder / "07_calibrate_from_data.png", dpi=120)
    print(f"picture: {folder / '07_calibrate_from_data.png'}")


if __name__ == "__main__":
    main()
