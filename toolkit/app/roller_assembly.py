"""A roller's procedure becomes coils, sphere, floor, recorded path and limits, checked against each other. Nothing is armed here."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controllers import BeadObserverOptions, SwimmerMpcOptions
from devices import CoilProfile
from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import Chamber, Fluid
from toolkit.models.microrobots import RecordedPath, Roller, load_cellbot_record
from toolkit.procedure.roller_procedure import RollerProcedure

from .coil_assembly import check_path, field_model
from .turned_assembly import TurnedAssembly

RETURN_S, TURN_RAD_S = 0.5, 20.0
"""A sphere follows its field's axis at once, and so may an error be made good at once."""
BELOW_M = 1.0
"""The floor is where it rolls: the layer keeps it from the other walls."""


@dataclass(frozen=True, eq=False)
class RollerAssembly(TurnedAssembly):
    """Everything that a roller's run is made of. record_path: the recording that its path is of."""

    procedure: RollerProcedure
    path: RecordedPath
    roller: Roller
    recording: Path

    @property
    def robot(self) -> Roller:
        return self.roller

    @property
    def walls(self) -> Chamber:
        return replace(self.chamber, lower_m=self.chamber.lower_m - np.array([0.0, 0.0, BELOW_M]))

    @property
    def reach_m(self) -> float:
        return self.roller.radius_m

    @property
    def seen_radius_m(self) -> float:
        return self.roller.radius_m

    @property
    def record_path(self) -> Path:
        return self.recording

    @property
    def mpc_options(self) -> SwimmerMpcOptions:
        controller, noise_m = self.procedure.controller, self.procedure.assumptions.B2.noise_m
        observer = BeadObserverOptions(
            harmonics=0, frame_noise_m=noise_m, disturbance_drift=3e-4, flow_drift=0.0, speed_noise=2e-5, disturbance_start_m_s=1e-4,
            flow_start_m_s=0.0,
        )  # fmt: skip
        return SwimmerMpcOptions(
            controller.field_T, self.period_s, controller.share, return_s=RETURN_S, turn_rad_s=TURN_RAD_S, observer=observer
        )

    @property
    def said(self) -> dict[str, str]:
        stretch = self.procedure.path.recorded
        return {
            "roller": f"{self.roller.radius_m * 1e6:g} µm, slip {self.roller.slip:g}",
            **self.said_of_all,
            "path": f"recorded, {stretch.from_s:g} to {stretch.to_s:g} s of {Path(stretch.file).name}",
        }


def put_roller_together(procedure: RollerProcedure, profile: CoilProfile, calibration_path: Path, recording: Path) -> RollerAssembly:
    """What a roller's run is made of, from parts that are read already, and its recording.

    Raises:
        SpecificationError: they contradict each other; or the recording is none.
    """
    model = field_model(procedure, profile, calibration_path)
    chamber = Chamber(np.array(procedure.chamber.lower_m), np.array(procedure.chamber.upper_m))
    r, fluid = procedure.roller, procedure.fluid
    liquid = Fluid("of the procedure", fluid.density_kg_m3, fluid.viscosity_Pa_s, procedure.title)
    up = np.array([0.0, 0.0, 1.0])
    try:
        roller = Roller(r.radius_m, r.slip, r.wall_torque_factor, r.moment_A_m2, r.density_kg_m3, liquid, up)
    except InvalidInput as error:
        raise procedure.error(str(error), "roller") from error
    assembly = RollerAssembly(procedure, profile, calibration_path, model, _path(procedure, recording), chamber, roller, recording)
    check_path(assembly)
    return assembly


def _path(procedure: RollerProcedure, recording: Path) -> RecordedPath:
    """The stretch, from 0 on: means of what was recorded about each of its moments."""
    stretch = procedure.path.recorded
    record = load_cellbot_record(recording).without_repeats()
    times = np.arange(stretch.from_s, stretch.to_s + 1e-9 * stretch.every_s, stretch.every_s)
    seen = np.array([_mean_about(record.time_s, record.position_px, t, stretch.every_s) for t in times])
    if not np.isfinite(seen).all():
        k = int(np.argmin(np.isfinite(seen).all(axis=1)))
        raise procedure.error(
            f"nothing was recorded about {times[k]:g} s: the recording ends at {record.time_s[-1]:g} s", "path", "recorded"
        )
    moved = stretch.scale_m_px * (seen - seen[0]) * np.array([1.0, -1.0])
    places = np.column_stack([moved, np.zeros(len(moved))]) + np.array(stretch.start_m)
    try:
        return RecordedPath(times - stretch.from_s, places)
    except InvalidInput as error:
        raise procedure.error(str(error), "path", "recorded") from error


def _mean_about(time_s: FloatArray, position_px: FloatArray, t: float, width_s: float) -> FloatArray:
    near = np.abs(time_s - t) <= 0.5 * width_s
    return np.asarray(position_px[near].mean(axis=0)) if near.any() else np.full(2, np.nan)
