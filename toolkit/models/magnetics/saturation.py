"""Iron that saturates: the current a coil seems to carry, s(i), odd, rising and bounded (erf, tanh, atan, rational)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, RootModel
from scipy.special import erf, erfinv

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput, SpecificationError
from ...procedure.part import Part
from ...procedure.quantity import Quantity
from ...procedure.source import read_source
from ...procedure.yaml_model import model_from_source

Symbol = Any
"""ca.SX or ca.MX: what is computed with one can be computed with the other, and the two never meet in one expression."""
Kind = Literal["erf", "tanh", "atan", "rational"]
Positive = Annotated[float, Quantity("", 0.0, 1e6, low_excluded=True)]


@dataclass(frozen=True)
class _Shape:
    """value: of x = b i, for a = 1. slope: its derivative. inverse: x of the value. bound: the value never gets there."""

    value: Callable[[FloatArray], Any]
    slope: Callable[[FloatArray], FloatArray]
    inverse: Callable[[FloatArray], FloatArray]
    graph: Callable[[Symbol], Symbol]
    bound: float


# The ratio i / (|i| + b) is written as x / (1 + |x|) with x = i / b: one shape, as for the others.
_SHAPES: dict[str, _Shape] = {
    "erf": _Shape(erf, lambda x: 2.0 / np.sqrt(np.pi) * np.exp(-(x**2)), erfinv, ca.erf, 1.0),
    "tanh": _Shape(np.tanh, lambda x: 1.0 / np.cosh(x) ** 2, np.arctanh, ca.tanh, 1.0),
    "atan": _Shape(np.arctan, lambda x: 1.0 / (1.0 + x**2), np.tan, ca.atan, np.pi / 2.0),
    "rational": _Shape(
        lambda x: x / (1.0 + np.abs(x)),
        lambda x: 1.0 / (1.0 + np.abs(x)) ** 2,
        lambda y: y / (1.0 - np.abs(y)),
        lambda x: x / (1.0 + ca.fabs(x)),
        1.0,
    ),
}


@dataclass(frozen=True)
class Saturation:
    """s_k(i) = a_k f_k(b_k i) with f = erf, tanh or atan, or a_k i / (|i| + b_k) ("rational"), for each coil k.

    kinds: one word a coil. a: (n,) [A]; b: (n,) [1/A], for "rational" [A]. All positive.
    Source: the functions of ETH's mag_manip 3.0.0, saturation_*.h.
    """

    kinds: tuple[Kind, ...]
    a: FloatArray
    b: FloatArray

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, (self.n,)))
            if not (getattr(self, name) > 0.0).all():
                raise InvalidInput(f"saturation: {name}: {getattr(self, name).tolist()}: each is positive")
        if not (self.n and all(kind in _SHAPES for kind in self.kinds)):
            raise InvalidInput(f"saturation: {self.kinds}: each coil has one of {', '.join(_SHAPES)}")

    @property
    def n(self) -> int:
        """How many coils."""
        return len(self.kinds)

    @property
    def bound_ampere(self) -> FloatArray:
        """(n,): |s_k| stays below it, whatever the current."""
        return np.array([a * _SHAPES[kind].bound for a, kind in zip(self.a, self.kinds, strict=True)])

    def effective(self, i_ampere: ArrayLike) -> FloatArray:
        """s(i) for currents (n,) or (m, n).

        Raises:
            InvalidInput: another shape, or not finite.
        """
        i = self._checked(i_ampere, "currents, A")
        return self._each(lambda k, shape: self.a[k] * shape.value(i[..., k] * self._rate[k]))

    def slope(self, i_ampere: ArrayLike) -> FloatArray:
        """ds/di, (n,) or (m, n); it falls towards zero where the iron is full. Raises as `effective`."""
        i = self._checked(i_ampere, "currents, A")
        return self._each(lambda k, shape: self.a[k] * self._rate[k] * shape.slope(i[..., k] * self._rate[k]))

    def currents(self, s_ampere: ArrayLike) -> FloatArray:
        """i with s(i) = s, (n,) or (m, n).

        Raises:
            InvalidInput: another shape, not finite, or a value that no current reaches: it is not clipped.
        """
        s = self._checked(s_ampere, "effective currents, A")
        if not (np.abs(s) < self.bound_ampere).all():
            raise InvalidInput(f"effective currents, A: {s.tolist()}: the iron saturates below {self.bound_ampere.tolist()}")
        return self._each(lambda k, shape: shape.inverse(s[..., k] / self.a[k]) / self._rate[k])

    def graph(self, i: Symbol) -> Symbol:
        """s(i) as a CasADi expression, (n,)."""
        return ca.vertcat(*(self.a[k] * _SHAPES[kind].graph(self._rate[k] * i[k]) for k, kind in enumerate(self.kinds)))

    @property
    def _rate(self) -> FloatArray:
        return np.array([1.0 / b if kind == "rational" else b for kind, b in zip(self.kinds, self.b, strict=True)])

    def _checked(self, value: ArrayLike, name: str) -> FloatArray:
        return finite_array(value, name, (self.n,) if np.ndim(value) == 1 else (None, self.n))

    def _each(self, value: Callable[[int, _Shape], FloatArray]) -> FloatArray:
        return np.stack([value(k, _SHAPES[kind]) for k, kind in enumerate(self.kinds)], axis=-1)


class _Function(Part):
    type: Kind
    params: tuple[Positive, Positive]


class _Coils(RootModel[dict[Annotated[str, Field(pattern=r"^coil_[0-9]{1,3}$")], _Function]]):
    pass


class _File(Part):
    saturation_functions: _Coils
    version: Annotated[float, Quantity("", 1.0, 1.0)] = 1.0


def load_saturation(path: str | Path) -> Saturation:
    """Read a saturation file of ETH's format: coil_0, coil_1, …, each with its type and two parameters.

    Raises:
        SpecificationError: a problem named with file, line, field, value and what is allowed; or a coil number is missing.
    """
    source = read_source(path)
    coils = model_from_source(source, _File).saturation_functions.root
    wanted = [f"coil_{k}" for k in range(len(coils))]
    if not coils or set(coils) != set(wanted):
        at = ("saturation_functions",)
        problem = f"{sorted(coils)}: the coils are numbered from coil_0 on without a gap"
        raise SpecificationError(problem, file=source.file, line=source.line(at), field=at[0])
    each = [coils[name] for name in wanted]
    return Saturation(tuple(c.type for c in each), np.array([c.params[0] for c in each]), np.array([c.params[1] for c in each]))
