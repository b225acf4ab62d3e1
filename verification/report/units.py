"""SI inside, the units a reader thinks in on the page: mm, mm/s, degrees, ms."""

import math

_SHOWN = {
    "m": (1e3, "mm"),
    "m/s": (1e3, "mm/s"),
    "m/s2": (1.0, "m/s²"),
    "m/s^2": (1.0, "m/s²"),
    "rad": (180.0 / math.pi, "°"),
    "rad/s": (180.0 / math.pi, "°/s"),
    "s": (1e3, "ms"),
    "1": (1.0, ""),
}


def display_unit(unit: str) -> tuple[float, str]:
    """Factor and unit text for an SI unit; an unknown unit is shown as it is."""
    return _SHOWN.get(unit, (1.0, unit))


def number_text(value: float) -> str:
    """Four significant digits, whole numbers whole, no exponent between 1e-4 and 1e6; the sign of the smallest survives."""
    if value == round(value) and abs(value) < 1e6:
        return str(round(value))
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3e}"
    decimals = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 7)}f}"


def quantity_text(value: float | str | None, unit: str) -> str:
    """A number with the unit it is shown in, text as it is, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    factor, shown = display_unit(unit)
    space = "" if shown.startswith("°") or not shown else " "
    return f"{number_text(float(value) * factor)}{space}{shown}"
