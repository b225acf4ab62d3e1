"""`primum selftest`: a self-test file turned into a calibration, a measurement, findings, and a verdict."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from safety import CoilResistance, FieldFindings, FieldLimits, ResistanceFindings, ResistanceLimits, check_field, check_resistance
from toolkit import SpecificationError
from toolkit.models.magnetics import FieldData, FieldModel, load_field_data, load_mpem, load_saturation, mpem_model
from toolkit.procedure.selftest import Resistance, Selftest
from toolkit.procedure.source import Source, read_source
from toolkit.procedure.yaml_model import model_from_source


@dataclass(frozen=True)
class SelftestResult:
    """left_out: rows outside the workspace that were not looked at. resistance: None where the file says why nothing was measured.

    reasons: why it may not arm. not_shown: what this self-test says nothing about, and why.
    """

    test: Selftest
    model: FieldModel
    data: FieldData
    left_out: int
    field: FieldFindings
    resistance: ResistanceFindings | None
    hashes: dict[str, str]

    @property
    def reasons(self) -> tuple[str, ...]:
        return (*self.field.reasons, *(self.resistance.reasons if self.resistance is not None else ()))

    @property
    def not_shown(self) -> tuple[str, ...]:
        reason = self.test.resistance.not_measured
        return () if reason is None else (f"resistance of the coils: not measured: {reason}",)

    @property
    def arms(self) -> bool:
        return not self.reasons


def run_selftest(path: str | Path) -> SelftestResult:
    """Read everything a self-test file names, and judge it. Touches no device.

    Raises:
        SpecificationError, InvalidInput: the file or one that it names is wrong, or they do not belong together. Nothing is armed then.
    """
    source = read_source(path)
    test = model_from_source(source, Selftest)
    base = Path(path).parent
    files = {"selftest": Path(path), "calibration": base / test.calibration.file, "measurement": base / test.measurement.file}
    calibration = load_mpem(files["calibration"])
    signs = test.calibration.current_signs
    if len(signs) != len(calibration.coils):
        allowed = f"one sign for each of {', '.join(calibration.coil_names)}"
        _refuse(source, ("calibration", "current_signs"), f"{list(signs)}: {allowed}")
    model = mpem_model(calibration.with_signs(signs))
    if test.calibration.saturation is not None:
        files["saturation"] = base / test.calibration.saturation
        model = model.with_saturation(load_saturation(files["saturation"]))
    data = load_field_data(files["measurement"])
    if data.i_ampere.shape[1] != model.n:
        _refuse(source, ("measurement", "file"), f"currents of {data.i_ampere.shape[1]} coils measured, {model.n} calibrated")
    model, inside = _workspace(source, test, model, data)
    field = check_field(model, data.only(inside), _field_limits(test))
    resistance = _resistance(source, test.resistance, model.coil_names)
    hashes = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    return SelftestResult(test, model, data.only(inside), int((~inside).sum()), field, resistance, hashes)


def _workspace(source: Source, test: Selftest, model: FieldModel, data: FieldData) -> tuple[FieldModel, Any]:
    """The model, and which rows are looked at."""
    choice = test.measurement.outside_workspace
    inside = ((model.lower_m <= data.p_m) & (data.p_m <= model.upper_m)).all(axis=1)
    if choice == "use":
        lower, upper = np.minimum(model.lower_m, data.p_m.min(axis=0)), np.maximum(model.upper_m, data.p_m.max(axis=0))
        return model.with_workspace(lower, upper), np.ones_like(inside)
    if not inside.any() or (choice == "refuse" and not inside.all()):
        problem = f"{(~inside).sum()} of {inside.size} rows lie outside the calibrated workspace"
        _refuse(source, ("measurement", "outside_workspace"), f"{choice!r}: {problem}")
    return model, inside


def _field_limits(test: Selftest) -> FieldLimits:
    accepted = test.field
    return FieldLimits(*accepted.gain, accepted.residual_max, accepted.field_max_tesla, accepted.positions_min)


def _resistance(source: Source, resistance: Resistance, names: tuple[str, ...]) -> ResistanceFindings | None:
    if resistance.coils is None or resistance.accepted is None:
        return None
    stated = tuple(coil.name for coil in resistance.coils)
    if stated != names:
        _refuse(source, ("resistance", "coils"), f"{list(stated)}: the calibration has {list(names)}, in this order")
    coils = [
        CoilResistance(coil.name, coil.R20_ohm, coil.temperature_celsius, np.array(coil.V), np.array(coil.i_ampere))
        for coil in resistance.coils
    ]
    accepted = resistance.accepted
    limits = ResistanceLimits(accepted.tolerance, accepted.short_below, accepted.current_min_ampere, *accepted.temperature_celsius)
    return check_resistance(coils, limits)


def _refuse(source: Source, at: tuple[str, ...], problem: str) -> NoReturn:
    raise SpecificationError(problem, file=source.file, line=source.line(at), field=source.field(at))
