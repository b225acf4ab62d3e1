"""The paths a procedure follows, read and checked before anything is enabled."""

import numpy as np

from ..errors import SpecificationError
from .path_file import read_path_file
from .path_generator import generate_path
from .procedure import Procedure
from .sampled_path import SampledPath
from .step import ServoPath

START_TOLERANCE_M = 0.001


def read_servo_paths(procedure: Procedure) -> dict[int, SampledPath]:
    """The path of every servo_path step, by the step's index.

    Raises:
        SpecificationError: a file or function is refused, or a path without approach_speed_m_s begins more than 1 mm from where
            the move_cp before it ends.
    """
    return {i: _read(procedure, i, step) for i, step in enumerate(procedure.steps) if isinstance(step, ServoPath)}


def _read(procedure: Procedure, index: int, step: ServoPath) -> SampledPath:
    source = "recording" if step.recording is not None else "generator"
    try:
        path = _open(procedure, step)
    except SpecificationError as error:
        named = procedure.error(f"the {source} named here is refused", "steps", index, "servo_path", source)
        raise SpecificationError(f"{error.problem}\n{named}", file=error.file, line=error.line, field=error.field) from error
    before = procedure.move_before(index)
    if step.approach_speed_m_s is None and before is not None:
        at, move = before
        gap_m = float(np.linalg.norm(path.start_B_m - np.array(move.position_B_m)))
        if not gap_m <= START_TOLERANCE_M:
            start = [round(float(x), 6) for x in path.start_B_m]
            allowed = f"within {START_TOLERANCE_M:g} m of the start of the path that follows, {start}, or state its approach_speed_m_s"
            problem = f"{list(move.position_B_m)}: {gap_m:.6g} m away: {allowed}"
            raise procedure.error(problem, "steps", at, "move_cp", "position_B_m")
    return path


def _open(procedure: Procedure, step: ServoPath) -> SampledPath:
    if step.recording is not None:
        return read_path_file(procedure.resolve(step.recording.file), step.recording, step.scale, step.to_B)
    if step.generator is not None:
        file = procedure.resolve(step.generator.function.rpartition(":")[0])
        return generate_path(file, step.generator, step.scale, step.to_B)
    raise SpecificationError("no source: recording or generator", file=procedure.file)  # the schema refuses this earlier
