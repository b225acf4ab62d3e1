"""The assumptions A1 to A7 of the guarantee, each with its numbers and the author's reason to believe it here.

What monitors an assumption and what happens when it is violated is fixed by the guarantee, not by the procedure: every model
carries it as `claim`, `monitor` and `reaction`, for the report.
"""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from .part import Part, raise_problems
from .quantity import Count, Quantity, SmallError

Statement = Annotated[str, Field(min_length=10, max_length=1000, description="why this is believed to hold here, in one sentence")]
FromProfile = Literal["from_profile"]


def _iso_date(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass  # the error below says what is allowed
    raise PydanticCustomError("iso_date", "not a date: allowed is YYYY-MM-DD")


IsoDate = Annotated[date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]


def _count_or_profile(low: int, high: int) -> Any:
    count = Count(low, high)

    def check(value: object) -> int | str:
        problem = None if value == "from_profile" else count.problem(value)
        if problem is not None:
            raise PydanticCustomError("count", "{problem}", {"problem": f"{problem}, or from_profile"})
        return value  # type: ignore[return-value]  # the text, or the whole number that problem() accepted

    schema = {"anyOf": [{"const": "from_profile"}, {"type": "integer", "minimum": low, "maximum": high}]}
    return BeforeValidator(check), WithJsonSchema(schema)


_BEHIND, _BEHIND_SCHEMA = _count_or_profile(1, 50)
_LOSSES, _LOSSES_SCHEMA = _count_or_profile(0, 49)


class TubeContract(Part):
    """A1. tube: the e of the device profile, identified over the class of command sequences; no other source is accepted."""

    claim: ClassVar[str] = "Every joint stays within the tracking tube e of the setpoints that may be in force."
    monitor: ClassVar[str] = "each measured sample against e_monitor < e"
    reaction: ClassVar[str] = "brake on the stored tail; torque off if the deviation doubles"

    tube: FromProfile
    statement: Statement


class SetpointsBehind(Part):
    """A2. behind_max: most setpoints a joint may be behind; losses_max: how many of those may be lost frames."""

    claim: ClassVar[str] = "At most behind_max setpoints are not yet applied; they are applied in order, and none comes from elsewhere."
    monitor: ClassVar[str] = "applied goals read back every cycle"
    reaction: ClassVar[str] = "send nothing more: hold"

    behind_max: Annotated[int | FromProfile, _BEHIND, _BEHIND_SCHEMA]
    losses_max: Annotated[int | FromProfile, _LOSSES, _LOSSES_SCHEMA]
    statement: Statement

    @model_validator(mode="after")
    def _losses_are_part_of_behind(self) -> Self:
        if isinstance(self.behind_max, int) and isinstance(self.losses_max, int) and not self.losses_max < self.behind_max:
            allowed = f"lost frames are some of the setpoints behind: allowed is [0, {self.behind_max - 1}]"
            raise_problems(type(self).__name__, [(("losses_max",), self.losses_max, allowed)])
        return self


class HoldsWhenSilent(Part):
    """A3. watchdog_ms: after this long without a command the device's own watchdog halts or holds."""

    claim: ClassVar[str] = "Position mode; when nothing comes the device holds its newest setpoint, powered; its watchdog never coasts."
    monitor: ClassVar[str] = "mode, profile and watchdog registers written and read back at connect; health every cycle"
    reaction: ClassVar[str] = "enable is refused; later: send nothing more"

    watchdog_ms: Annotated[int, Count(1, 2540)]
    statement: Statement


class MeasurementAge(Part):
    """A4. age_s_max: the oldest measurement a cycle may use."""

    claim: ClassVar[str] = "Measurements are no older than age_s_max on one monotonic clock."
    monitor: ClassVar[str] = "time stamps and counters, every cycle"
    reaction: ClassVar[str] = "hold"

    age_s_max: Annotated[float, Quantity("s", 0.0, 0.1, low_excluded=True)]
    statement: Statement


class ModelMatchesRobot(Part):
    """A5. eps_R = registration_error_m + model_error_m inflates every region.

    registration_error_m: regions against the base frame. model_error_m: kinematic calibration and tip deflection of the real arm.
    calibrated, valid_days_max: the calibration's date and how long it is trusted.
    """

    claim: ClassVar[str] = "The real robot and its regions are the model's within eps_R; the instrument is the named one."
    monitor: ClassVar[str] = "calibration date, at start-up; not seen at run time"
    reaction: ClassVar[str] = "the run is refused"

    registration_error_m: SmallError
    model_error_m: SmallError
    calibrated: IsoDate
    valid_days_max: Annotated[int, Count(1, 36_500)]
    statement: Statement

    @property
    def eps_R_m(self) -> float:
        """Bound on the distance between a modelled and a real point, [m]."""
        return self.registration_error_m + self.model_error_m

    def is_valid_on(self, today: date) -> bool:
        """Whether the calibration is neither from the future nor older than valid_days_max."""
        return 0 <= (today - self.calibrated).days <= self.valid_days_max


class NumbersMatchModel(Part):
    """A6. float_error_m: eta, a bound on |float evaluation - real-number model| of every constraint."""

    claim: ClassVar[str] = "The executed program is the hashed one; its rounding stays below float_error_m."
    monitor: ClassVar[str] = "at start-up, against kinematics computed a second time; hashes in the log"
    reaction: ClassVar[str] = "the run is refused"

    float_error_m: Annotated[float, Quantity("m", 0.0, 1e-6, low_excluded=True)]
    statement: Statement


class NobodyElseDrives(Part):
    """A7. Nobody else drives the joints, and outside forces stay within those the tube was identified with."""

    claim: ClassVar[str] = "Nobody else drives the joints; outside forces stay within what the tube was identified with."
    monitor: ClassVar[str] = "as A1"
    reaction: ClassVar[str] = "as A1"

    statement: Statement


class Assumptions(Part):
    """All seven, none optional: the guarantee holds until the first of them is violated."""

    A1: TubeContract
    A2: SetpointsBehind
    A3: HoldsWhenSilent
    A4: MeasurementAge
    A5: ModelMatchesRobot
    A6: NumbersMatchModel
    A7: NobodyElseDrives
