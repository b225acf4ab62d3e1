"""Fields on a regular grid, one map for each coil, interpolated by tensor-product cubic Hermite splines: C¹, local, exact at the points.

Along each axis the slope at a point is the central difference of its neighbours (one-sided of second order at the ends), so the interior
is Catmull-Rom (Keys 1981, a = -1/2) and quadratics are reproduced. Written as B-splines with double knots, so that CasADi evaluates and
differentiates them. The interpolated field is not quite free of divergence and curl: `inconsistency` says by how much, and the five
components of the gradient are those of its symmetric part without trace, the nearest gradient that a field in free space can have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import casadi as ca
import numpy as np

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput, SpecificationError
from .field_model import FieldModel

_POINTS_MIN, _POINTS_MAX = 3, 1_000_000


@dataclass(frozen=True)
class FieldMap:
    """axes_m: the coordinates along x, y and z, equally spaced. B_tesla_per_ampere: (n coils, nx, ny, nz, 3)."""

    name: str
    coil_names: tuple[str, ...]
    axes_m: tuple[FloatArray, FloatArray, FloatArray]
    B_tesla_per_ampere: FloatArray

    def __post_init__(self) -> None:
        axes = tuple(finite_array(axis, "axis, m", (None,)) for axis in self.axes_m)
        for axis in axes:
            steps = np.diff(axis)
            if not (axis.size >= _POINTS_MIN and (steps > 0.0).all() and np.ptp(steps) <= 1e-6 * steps.mean()):
                raise InvalidInput(f"axis, m: {axis.tolist()}: {_POINTS_MIN} points or more, rising in equal steps")
        shape = (len(self.coil_names), *(axis.size for axis in axes), 3)
        object.__setattr__(self, "axes_m", axes)
        object.__setattr__(self, "B_tesla_per_ampere", finite_array(self.B_tesla_per_ampere, "map, T/A", shape))
        if not self.coil_names:
            raise InvalidInput("map: at least one coil")


def load_field_map(paths: Sequence[str | Path], current_ampere: float) -> FieldMap:
    """Read maps in ETH's text format, one file for each coil in the order of the currents, each recorded at `current_ampere`.

    Line 1: number of points. Line 2: how many along x, y, z. Lines 3 to 5: the range of x, y, z [m]. Then a line for each point,
    x y z Bx By Bz [m, T], z fastest.

    Raises:
        SpecificationError: a problem named with file and line; a point that is not where the grid has it; another grid than the first's.
        InvalidInput: no files, or a current of zero.
    """
    if not (paths and np.isfinite(current_ampere) and current_ampere != 0.0):
        raise InvalidInput(f"maps: {len(paths)} files at {current_ampere} A: at least one, at a current")
    axes, first = _read(paths[0])
    fields = [first]
    for path in paths[1:]:
        other, B = _read(path)
        if not all(np.array_equal(a, b) for a, b in zip(axes, other, strict=True)):
            raise SpecificationError(f"another grid than that of {paths[0]}", file=str(path), line=2)
        fields.append(B)
    return FieldMap("map", tuple(Path(path).stem for path in paths), axes, np.stack(fields) / current_ampere)


def field_map_model(field_map: FieldMap) -> FieldModel:
    """The interpolated field as a model, valid on the grid."""
    p = ca.MX.sym("p", 3)
    n = len(field_map.coil_names)
    B = _spline(field_map, p)
    columns = []
    for k in range(n):
        coil = B[3 * k : 3 * k + 3]
        G = ca.jacobian(coil, p)
        G = 0.5 * (G + G.T) - ca.trace(G) / 3.0 * ca.MX.eye(3)
        columns.append(ca.vertcat(coil, G[0, 0], G[0, 1], G[0, 2], G[1, 1], G[1, 2]))
    graph = ca.Function("field_map", [p], [ca.densify(ca.horzcat(*columns)), ca.MX(ca.DM.zeros(8))], ["p_m"], ["A", "offset"])
    lower, upper = (np.array([axis[end] for axis in field_map.axes_m]) for end in (0, -1))
    return FieldModel(field_map.name, field_map.coil_names, graph, lower, upper)


def inconsistency(field_map: FieldMap) -> tuple[float, float]:
    """|div B| and |curl B| of the interpolated map at the centres of its cells, root mean squares relative to that of |∇B|."""
    p = ca.MX.sym("p", 3)
    B = _spline(field_map, p)
    graph = ca.Function("gradients", [p], [ca.jacobian(B, p)])
    middles = [0.5 * (axis[1:] + axis[:-1]) for axis in field_map.axes_m]
    points = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1).reshape(-1, 3)
    G = np.array(graph(points.T)).reshape(len(field_map.coil_names), 3, len(points), 3)  # coil, component, point, axis
    divergence = np.einsum("cjpj->cp", G)
    turning = G - G.transpose(0, 3, 2, 1)
    size = np.sqrt((G**2).sum())
    return float(np.sqrt((divergence**2).sum()) / size), float(np.sqrt(0.5 * (turning**2).sum()) / size)


def _spline(field_map: FieldMap, p: ca.MX) -> ca.MX:
    """B of all coils one after the other, (3 n,)."""
    B = field_map.B_tesla_per_ampere
    n = B.shape[0]
    coefficients = np.moveaxis(B, -1, 1).reshape(3 * n, *B.shape[1:4])
    knots = []
    for dimension, axis in enumerate(field_map.axes_m, start=1):
        matrix = _control_points(axis.size)
        coefficients = np.moveaxis(np.tensordot(matrix, coefficients, axes=(1, dimension)), 0, dimension)
        knots.append(np.concatenate([[axis[0]] * 4, np.repeat(axis[1:-1], 2), [axis[-1]] * 4]).tolist())
    return ca.bspline(p, ca.DM(coefficients.ravel(order="F")), knots, [3, 3, 3], 3 * n, {})


def _control_points(n: int) -> FloatArray:
    """(2 n, n): values on n points to the coefficients of the cubic B-spline with double knots: each piece's Bézier points."""
    value = np.eye(n)
    third = np.asarray(np.gradient(value, axis=0, edge_order=2)) / 3.0  # slope per step
    rows = [value[0]]
    for k in range(n - 1):
        rows += [value[k] + third[k], value[k + 1] - third[k + 1]]
    return np.array([*rows, value[-1]])


def _read(path: str | Path) -> tuple[tuple[FloatArray, FloatArray, FloatArray], FloatArray]:
    file = str(path)
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=file) from error
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 6:
        raise SpecificationError(f"{len(lines)} lines: five of the grid, then the points", file=file)
    counts = _numbers(lines[1], 3, file, 2)
    total = _numbers(lines[0], 1, file, 1)[0]
    whole = all(count == int(count) and _POINTS_MIN <= count <= _POINTS_MAX for count in counts)
    if not (whole and total == np.prod(counts) and total <= _POINTS_MAX):
        raise SpecificationError(f"{total:g} points of {counts}: their product, {_POINTS_MIN} or more along each axis", file=file, line=1)
    ends = [_numbers(lines[line - 1], 2, file, line) for line in (3, 4, 5)]
    axes = [np.linspace(low, high, int(count)) for (low, high), count in zip(ends, counts, strict=True)]
    if not all(low < high for low, high in ends):
        raise SpecificationError(f"{ends}: each axis goes from its lower to its upper end", file=file, line=3)
    if len(lines) - 5 != int(total):
        raise SpecificationError(f"{len(lines) - 5} points, {total:g} announced", file=file, line=len(lines))
    rows = np.array([_numbers(line, 6, file, number) for number, line in enumerate(lines[5:], start=6)])
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    away = np.abs(rows[:, :3] - grid).max(axis=1)
    step = min(axis[1] - axis[0] for axis in axes)
    if not (away <= 1e-3 * step).all():
        k = int((away > 1e-3 * step).argmax())
        raise SpecificationError(f"{rows[k, :3].tolist()}: the grid has {grid[k].tolist()} here, z fastest", file=file, line=k + 6)
    return (axes[0], axes[1], axes[2]), rows[:, 3:].reshape(*(axis.size for axis in axes), 3)


def _numbers(line: str, count: int, file: str, number: int) -> list[float]:
    try:
        values = [float(word) for word in line.split()]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise SpecificationError(f"{line[:60]!r}: {count} finite numbers", file=file, line=number)
    return values
