"""Actuation matrices by our machine code, by ETH's mag-manip, and fields of coils in air by magpylib: how fast, and how far apart.

mag-manip's wheel needs NumPy 1, which this project does not run with: it is asked in another interpreter, named by the environment
variable PRIMUM_MAG_MANIP_PYTHON.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_number
from toolkit.models.magnetics import AirCoil, air_core_model, load_mpem_model

INTERPRETER = "PRIMUM_MAG_MANIP_PYTHON"
LIMIT_S = 900.0
THEIR_POINTS = 200
"""mag-manip takes milliseconds for each: what it takes for all is multiplied up from these."""
_ASK = """
import json, sys, time
import numpy as np
from mag_manip import mag_manip
calibration, points, answers = sys.argv[1:]
model = mag_manip.ForwardModelMPEM()
model.setCalibrationFile(calibration)
p = np.load(points)
zero = np.zeros(model.getNumCoils())
model.getActuationMatrix(p[0])
begin = time.process_time()
A = np.array([model.getActuationMatrix(x) for x in p])
seconds = time.process_time() - begin
offset = np.zeros((len(p), 8))
if np.any(model.computeFieldGradient5FromCurrents(p[0], zero)):
    offset = np.array([np.ravel(model.computeFieldGradient5FromCurrents(x, zero)) for x in p])
np.savez(answers, A=A, offset=offset)
print(json.dumps({"seconds": seconds}))
"""


@dataclass(frozen=True)
class FieldBenchRow:
    """tool on a problem. one_us: processor time of one actuation matrix. many_ms: of all points in one call. both None: `note` says why.

    difference_B, difference_g5: largest relative distance from our answer over all points and coils.
    """

    problem: str
    tool: str
    one_us: float | None = None
    many_ms: float | None = None
    difference_B: float | None = None
    difference_g5: float | None = None
    note: str = ""


def bench_fields(calibrations: tuple[Path, ...], points: int = 10_000, seed: int = 0) -> list[FieldBenchRow]:
    """Random points of each calibration's workspace by us and by mag-manip; eight windings in air by us and by magpylib.

    Raises:
        InvalidInput: a number of points out of range. SpecificationError: a calibration is wrong.
    """
    finite_number(points, "points", 10, 10**7)
    rows = []
    for path in calibrations:
        model = load_mpem_model(path)
        p = np.random.default_rng(seed).uniform(model.lower_m, model.upper_m, (points, 3))
        A = model.actuation(p)
        rows.append(FieldBenchRow(path.stem, "Primum", *_timed(model.actuation, p)))
        rows.append(_mag_manip(path, p, A))
    return [*rows, *_air(points, seed)]


def mag_manip_matrices(calibration: Path, p: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """ETH's actuation matrices (k, 8, n), fields without current (k, 8), and the processor time of the matrices [s].

    Raises:
        InvalidInput: no interpreter is named, or the one that is does not answer.
    """
    interpreter = os.environ.get(INTERPRETER, "")
    if not interpreter:
        raise InvalidInput(f"not installed: {INTERPRETER} names no Python with mag-manip and NumPy 1")
    with tempfile.TemporaryDirectory() as folder:
        points, answers = Path(folder) / "points.npy", Path(folder) / "answers.npz"
        np.save(points, p)
        command = [interpreter, "-c", _ASK, str(calibration), str(points), str(answers)]
        try:
            # Its own environment, not ours: PYTHONPATH would show it packages that need NumPy 2.
            asked = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True, env={"PATH": os.defpath})
        except (OSError, subprocess.SubprocessError) as error:
            last = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
            raise InvalidInput(f"{INTERPRETER}={interpreter}: {' '.join(last)}") from error
        with np.load(answers) as found:
            return found["A"], found["offset"], float(json.loads(asked.stdout.splitlines()[-1])["seconds"])


def _mag_manip(path: Path, p: FloatArray, ours: FloatArray) -> FieldBenchRow:
    try:
        theirs, _, seconds = mag_manip_matrices(path, p[:THEIR_POINTS])
    except InvalidInput as error:
        return FieldBenchRow(path.stem, "mag-manip", note=str(error))
    one_s = seconds / len(theirs)
    note = f"{len(theirs)} points, multiplied up" if len(theirs) < len(p) else ""
    return FieldBenchRow(path.stem, "mag-manip", 1e6 * one_s, 1e3 * one_s * len(p), *_differences(theirs, ours[: len(theirs)]), note)


def _air(points: int, seed: int) -> list[FieldBenchRow]:
    ways = [np.array([x, y, z]) / np.sqrt(3.0) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)]
    coils = [AirCoil(f"coil_{k}", -0.155 * way, way, 0.020, 0.042, 0.130, 800.0) for k, way in enumerate(ways)]
    problem = "eight windings in air"
    model = air_core_model(problem, coils, [-0.01] * 3, [0.01] * 3)
    p = np.random.default_rng(seed).uniform(-0.01, 0.01, (points, 3))
    ours = model.actuation(p)
    rows = [FieldBenchRow(problem, "Primum, 24 loops each", *_timed(model.actuation, p))]
    try:
        import magpylib  # noqa: PLC0415 - an extra: where it is absent the row says so
    except ImportError as error:
        return [*rows, FieldBenchRow(problem, "magpylib", note=f"not installed: {error}")]
    loops = [(coil.frame(), coil.centre_m, coil.loops(3, 8)) for coil in coils]

    def theirs(where: FloatArray) -> FloatArray:
        fields = []
        for R, centre, each in loops:
            x = np.atleast_2d(where - centre) @ R.T
            B = sum(magpylib.current.Circle(current=turns, diameter=2.0 * a).getB(x - [0.0, 0.0, h]).reshape(-1, 3) for a, h, turns in each)
            fields.append(B @ R)
        return np.stack(fields, axis=-1)

    apart = _differences(theirs(p), ours)[0]
    return [*rows, FieldBenchRow(problem, "magpylib, same loops", *_timed(theirs, p), apart, None, "field only: it has no gradient")]


def _timed(evaluate: Callable[[FloatArray], FloatArray], p: FloatArray) -> tuple[float, float]:
    """Processor time of one point [µs] and of all at once [ms], the best of three."""
    single = []
    for _ in range(3):
        count = min(len(p), 20)
        begin = time.process_time()
        for x in p[:count]:
            evaluate(x)
        single.append((time.process_time() - begin) / count)
    many = []
    for _ in range(3):
        begin = time.process_time()
        evaluate(p)
        many.append(time.process_time() - begin)
    return 1e6 * min(single), 1e3 * min(many)


def _differences(theirs: FloatArray, ours: FloatArray) -> tuple[float, float | None]:
    """Largest relative distance of field and gradient of a coil at a point."""
    apart = [
        float((np.linalg.norm(theirs[:, part] - ours[:, part], axis=1) / np.linalg.norm(ours[:, part], axis=1)).max())
        for part in (slice(0, 3), slice(3, 8))
        if theirs.shape[1] >= part.stop
    ]
    return apart[0], apart[1] if len(apart) > 1 else None
