"""The electrical self-test of a coil system: each coil in turn, a small current both ways, all voltages watched.

    R_k = (V_k+ - V_k-) / (I_k+ - I_k-)      four-wire: V at the coil's own sense leads; offsets of both sensors cancel
    R_k expected within resistance_tolerance of R_20 (1 + 0.00393 (T_k - 20)), T_k by the coil's sensor

What no voltage can tell is said in `not_shown`: coils too alike for an exchange of their connectors to show, and coils turned over with
all their leads. Both change the field: the field self-test looks for them.
"""

import time
from dataclasses import dataclass
from enum import Enum

import numpy as np

from toolkit import DeviceFault, FloatArray

from .coil_driver import CoilDriver
from .coil_profile import CoilProfile
from .coil_protocol import State

_OPEN = 0.1
"""Less than this fraction of the asked current flows: open."""
_PAUSE_S = 0.005
"""Between two commands while a current settles: a fraction of any watchdog time."""
_UNSTEADY = 0.1
"""More swing than this fraction of the asked current: voltage and current of different instants are no resistance. A winding of which turns
are shorted has less inductance than its regulator was made for, and does this."""
_SHORT = 0.5
"""Less than this fraction of the expected resistance: short."""


class CoilDefect(Enum):
    """What can be wrong with one coil, as far as currents and voltages show it."""

    OPEN = "open"
    SHORT = "short"
    OUT_OF_TOLERANCE = "resistance out of tolerance"
    SWAPPED = "connector exchanged with another coil's"
    SWAPPED_LEADS = "its current flows in another coil"
    REVERSED = "leads reversed"
    UNSTEADY = "its current does not settle"
    NO_TEMPERATURE = "temperature cannot be read"
    NOT_MEASURED = "could not be measured"


@dataclass(frozen=True, eq=False)
class CoilMeasurement:
    """One coil under test. current_a: half the swing of its own current. voltage_v: half the swing of every coil's voltage, shape (n,).

    swing_a: by how much its current moved while the same was asked for: the middle half of the samples.
    problem: what the device said when it stopped by itself, else empty. time_s: since the test of this coil began.
    """

    coil: int
    asked_a: float
    current_a: float
    voltage_v: FloatArray
    temperature_c: float | None
    swing_a: float
    problem: str
    time_s: float


@dataclass(frozen=True)
class CoilFinding:
    """One defect, with the numbers that show it. time_s: how long its coil was under test when it showed."""

    coil: str
    defect: CoilDefect
    detail: str
    time_s: float

    def __str__(self) -> str:
        return f"{self.coil}: {self.defect.value}: {self.detail}"


@dataclass(frozen=True)
class SelftestResult:
    """findings: empty exactly if every coil passed. resistance_ohm: measured, None where there is none. not_shown: see the module."""

    findings: tuple[CoilFinding, ...]
    resistance_ohm: tuple[float | None, ...]
    not_shown: tuple[str, ...]

    def require(self) -> None:
        """Raise DeviceFault with every finding: a system that failed is not armed."""
        if self.findings:
            raise DeviceFault("coil self-test: " + "; ".join(map(str, self.findings)))


def run_coil_selftest(driver: CoilDriver) -> SelftestResult:
    """Test every coil of a connected driver that is not armed; currents are off again when it returns or raises.

    Raises:
        DeviceFault: the driver is armed, the device is in use, or it does not answer. A coil at fault is a finding, not an exception.
    """
    if driver.may_carry_current or driver.read().state is not State.OFF:
        raise DeviceFault(f"{driver.profile.name}: self-test: the coils are in use: `off` first")
    return judge_coils(driver.profile, [measure_coil(driver, coil) for coil in range(driver.profile.n)])


def measure_coil(driver: CoilDriver, coil: int) -> CoilMeasurement:
    """Currents and voltages of one coil under +I and -I. A device that stops by itself meanwhile is part of the measurement."""
    settings = driver.profile.selftest
    if settings is None:
        raise DeviceFault(f"{driver.profile.name}: no selftest section")
    begun_s = time.monotonic()
    temperature = driver.read().temperature_c[coil]
    current, voltage, problem = np.zeros((2, driver.profile.n)), np.zeros((2, driver.profile.n)), ""
    swing = 0.0
    try:
        driver.arm_for_test(coil)
        for side, asked in enumerate((settings.current_ma, -settings.current_ma)):
            _settle(driver, coil, asked, settings.settle_ms * 1e-3)
            states = [driver.set_test_current(coil, asked) for _ in range(settings.samples)]  # the same again: the watchdog is fed
            current[side] = np.mean([state.current_a for state in states], axis=0)
            voltage[side] = np.mean([state.voltage_v for state in states], axis=0)
            low, high = np.percentile([state.current_a[coil] for state in states], (25, 75))
            swing = max(swing, float(high - low))
    except DeviceFault as error:
        problem = str(error)
        current[:], voltage[:] = 0.0, 0.0
    finally:
        driver.off()
    return CoilMeasurement(
        coil=coil,
        asked_a=1e-3 * settings.current_ma,
        current_a=float(current[0, coil] - current[1, coil]) / 2,
        voltage_v=(voltage[0] - voltage[1]) / 2,
        temperature_c=temperature,
        swing_a=swing,
        problem=problem,
        time_s=time.monotonic() - begun_s,
    )


def judge_coils(profile: CoilProfile, measurements: list[CoilMeasurement]) -> SelftestResult:
    """What the measurements, one a coil and in order, show and do not show."""
    findings = [finding for m in measurements if (finding := _judge(profile, m, measurements)) is not None]
    resistance = tuple(_resistance(m) for m in measurements)
    return SelftestResult(tuple(findings), resistance, tuple(_not_shown(profile)))


def _settle(driver: CoilDriver, coil: int, current_ma: int, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        driver.set_test_current(coil, current_ma)
        time.sleep(_PAUSE_S)


def _resistance(m: CoilMeasurement) -> float | None:
    if m.problem or not abs(m.current_a) >= _OPEN * m.asked_a:
        return None
    return float(m.voltage_v[m.coil]) / m.current_a


def _judge(profile: CoilProfile, m: CoilMeasurement, everyone: list[CoilMeasurement]) -> CoilFinding | None:
    """The defect of one coil, the most telling first."""
    defect, detail = _stopped(m) or _misconnected(profile, m) or _unsteady(m) or _wrong_resistance(profile, m, everyone) or (None, "")
    return None if defect is None else CoilFinding(profile.coils[m.coil].name, defect, detail, m.time_s)


def _stopped(m: CoilMeasurement) -> tuple[CoilDefect, str] | None:
    if m.temperature_c is None:
        return CoilDefect.NO_TEMPERATURE, "unreadable counts as hot"
    if m.problem:
        # Only this coil was driven: a current that never came is an open winding, one that ran away from the regulator a short.
        said = {"not following": CoilDefect.OPEN, "over current": CoilDefect.SHORT}
        defect = next((d for words, d in said.items() if words in m.problem), CoilDefect.NOT_MEASURED)
        return defect, f"the device stopped: {m.problem}"
    if _resistance(m) is None:
        return CoilDefect.OPEN, f"{m.current_a:.3f} A of {m.asked_a:.3f} A flow"
    return None


def _unsteady(m: CoilMeasurement) -> tuple[CoilDefect, str] | None:
    if m.swing_a <= _UNSTEADY * m.asked_a:
        return None
    return CoilDefect.UNSTEADY, f"it swings by {m.swing_a:.3f} A at {m.asked_a:.3f} A: shorted turns, or a regulator that does not fit"


def _misconnected(profile: CoilProfile, m: CoilMeasurement) -> tuple[CoilDefect, str] | None:
    spec, own = profile.selftest, float(m.voltage_v[m.coil])
    others = np.abs(m.voltage_v)
    others[m.coil] = 0.0
    far = int(others.argmax())
    if spec is not None and others[far] > spec.crosstalk_v_max and others[far] > abs(own):
        return CoilDefect.SWAPPED_LEADS, f"{others[far]:.3f} V at {profile.coils[far].name}, {abs(own):.3f} V at its own sense leads"
    if own * m.current_a < 0:
        return CoilDefect.REVERSED, f"{own:.3f} V at {m.current_a:.3f} A"
    return None


def _wrong_resistance(profile: CoilProfile, m: CoilMeasurement, everyone: list[CoilMeasurement]) -> tuple[CoilDefect, str] | None:
    coil, measured = profile.coils[m.coil], _resistance(m)
    if measured is None or m.temperature_c is None or _looks_like(profile, measured, m, m.coil):
        return None
    expected = coil.resistance_ohm(m.temperature_c)
    numbers = f"{measured:.4f} ohm, {expected:.4f} expected at {m.temperature_c:.1f} C, within {100 * coil.resistance_tolerance:.1f} %"
    if measured < _SHORT * expected:
        return CoilDefect.SHORT, numbers
    for other in everyone:
        if other.coil != m.coil and _looks_like(profile, measured, m, other.coil) and _is_like(profile, other, m.coil):
            return CoilDefect.SWAPPED, f"{numbers}; it is {profile.coils[other.coil].name}'s, and that one has its own"
    return CoilDefect.OUT_OF_TOLERANCE, numbers


def _is_like(profile: CoilProfile, m: CoilMeasurement, coil: int) -> bool:
    """What was measured on m's channel is what coil `coil` should have, and not what m's own should."""
    measured = _resistance(m)
    return measured is not None and _looks_like(profile, measured, m, coil) and not _looks_like(profile, measured, m, m.coil)


def _looks_like(profile: CoilProfile, measured: float, m: CoilMeasurement, coil: int) -> bool:
    if m.temperature_c is None:
        return False
    spec = profile.coils[coil]
    return abs(measured / spec.resistance_ohm(m.temperature_c) - 1.0) <= spec.resistance_tolerance


def _not_shown(profile: CoilProfile) -> list[str]:
    said = ["a coil turned over with all its leads: only the measured field shows it"]
    for k, a in enumerate(profile.coils):
        for b in profile.coils[k + 1 :]:
            # Both readings must leave their own interval for an exchange to show.
            apart = abs(a.resistance_ohm_20c - b.resistance_ohm_20c)
            if apart <= a.resistance_tolerance * a.resistance_ohm_20c + b.resistance_tolerance * b.resistance_ohm_20c:
                said.append(f"{a.name} and {b.name}: too alike for an exchange of their connectors to show")
    return said
