"""What a self-test leaves: selftest.json, and a picture of measured against calibrated field, gains, and what does not fit where."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit import FloatArray, InvalidInput

from .selftest import SelftestResult

RESULT, PICTURE = "selftest.json", "selftest.png"
_BLUE, _RED, _GREY = "#2b6cb0", "#c53030", "#777777"


def write_selftest(result: SelftestResult, directory: Path) -> None:
    """selftest.json and a picture, into a directory that may exist; older results are replaced.

    Raises:
        InvalidInput: nothing can be written there.
    """
    text = json.dumps(_summary(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _draw(result, directory / PICTURE)
        (directory / RESULT).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"--out {directory}: {error.strerror or error}") from error


def _draw(result: SelftestResult, file: Path) -> None:
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    model_T = result.model.field(result.data.p_m, result.data.i_ampere).B_tesla
    compared, gains, left = figure.subplots(1, 3)
    _compare(compared, model_T, result.data.B_tesla)
    _gains(gains, result)
    _residual(left, result, model_T)
    verdict = "ARMS" if result.arms else f"DOES NOT ARM: {len(result.reasons)} reasons"
    figure.suptitle(f"{result.test.title}: {verdict}", color=_BLUE if result.arms else _RED, weight="bold")
    figure.savefig(file, dpi=120)


def _compare(axes: Axes, model_T: FloatArray, measured_T: FloatArray) -> None:
    bound = 1e3 * float(max(np.abs(model_T).max(), np.abs(measured_T).max()))
    axes.plot([-bound, bound], [-bound, bound], color=_GREY, linewidth=1.0)
    for k, (name, colour) in enumerate(zip("xyz", (_BLUE, "#2f855a", "#c05621"), strict=True)):
        axes.plot(1e3 * model_T[:, k], 1e3 * measured_T[:, k], ".", markersize=2.5, alpha=0.5, color=colour, label=f"B{name}")
    axes.set(xlabel="calibrated [mT]", ylabel="measured [mT]", title="each component; the line is agreement")
    axes.set_aspect("equal")
    axes.legend(fontsize=8, markerscale=4)


def _gains(axes: Axes, result: SelftestResult) -> None:
    found, (low, high) = result.field, result.test.field.gain
    values = [found.gain, *([] if found.coil_gains is None else found.coil_gains.tolist())]
    names = ["all", *([] if found.coil_gains is None else result.model.coil_names)]
    colours = [_BLUE if low <= value <= high else _RED for value in values]
    axes.axhspan(low, high, color="#c6f6d5", label="accepted")
    axes.bar(names, values, color=colours, width=0.7)
    for k, value in enumerate(values):
        axes.text(k, value / 2.0, f"{value:.3f}", ha="center", va="center", color="white", fontsize=9)
    axes.axhline(0.0, color=_GREY, linewidth=0.8)
    axes.set(title="gain: measured over calibrated", ylim=(min(-1.3, *values), max(1.3, *values)))
    axes.tick_params(axis="x", labelrotation=45 if len(names) > 5 else 0, labelsize=8)
    axes.legend(fontsize=8, loc="best")


def _residual(axes: Axes, result: SelftestResult, model_T: FloatArray) -> None:
    """Where it does not fit: root mean square over the currents, seen from above, after the overall gain."""
    offset = result.model.field(result.data.p_m, np.zeros_like(result.data.i_ampere)).B_tesla
    left = np.linalg.norm(result.field.gain * (model_T - offset) - (result.data.B_tesla - offset), axis=1)
    places, which = np.unique(result.data.p_m[:, :2], axis=0, return_inverse=True)
    which = which.ravel()
    rms = np.sqrt(np.bincount(which, left**2) / np.bincount(which))
    dots = axes.scatter(1e3 * places[:, 0], 1e3 * places[:, 1], c=1e3 * rms, s=60, cmap="viridis")
    axes.figure.colorbar(dots, ax=axes, label="residual [mT]")
    axes.set(xlabel="x [mm]", ylabel="y [mm]", title=f"left after the overall gain: {result.field.residual:.1%}")
    axes.set_aspect("equal")


def _summary(result: SelftestResult) -> dict[str, Any]:
    found, resistance = result.field, result.resistance
    return {
        "format": "primum selftest 1",
        "title": result.test.title,
        "arms": result.arms,
        "reasons": list(result.reasons),
        "not_shown": list(result.not_shown),
        "field": {
            "positions": found.positions,
            "rows": found.rows,
            "rows_left_out_outside_workspace": result.left_out,
            "gain": found.gain,
            "residual": found.residual,
            "coils": list(result.model.coil_names),
            "coil_gains": _plain(found.coil_gains),
            "residual_of_coil_gains": found.residual_of_coil_gains,
            "mixing": _plain(found.mixing),
            "map": _plain(found.map),
            "residual_of_map": found.residual_of_map,
        },
        "resistance": None
        if resistance is None
        else {
            "coils": list(resistance.names),
            "measured_ohm": [value if np.isfinite(value) else None for value in resistance.measured_ohm.tolist()],
            "expected_ohm": [value if np.isfinite(value) else None for value in resistance.expected_ohm.tolist()],
        },
        "accepted": result.test.model_dump(mode="json"),
        "sha256": result.hashes,
    }


def _plain(array: FloatArray | None) -> Any:
    return None if array is None else array.tolist()
