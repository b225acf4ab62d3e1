"""What dVRK writes in its kinematic and tool files, as checked records."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .dh import DhRow
from .joint import JointKind

Finite = Annotated[float, Field(allow_inf_nan=False)]
# Anything longer than 2 m in a surgical arm's table is millimetres written for metres; any angle above 7 rad is degrees.
Length = Annotated[float, Field(ge=-2.0, le=2.0, allow_inf_nan=False)]
Angle = Annotated[float, Field(ge=-7.0, le=7.0, allow_inf_nan=False)]
Row4 = Annotated[list[Finite], Field(min_length=4, max_length=4)]
Matrix4 = Annotated[list[Row4], Field(min_length=4, max_length=4)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class JointRow(_Record):
    """One row of a DH table with its limits. Lengths [m], angles [rad], ftmax [Nm] or [N]."""

    name: str
    alpha: Angle
    A: Length
    theta: Angle
    D: Length
    type: Literal["revolute", "prismatic"]
    mode: Literal["active"]
    offset: Angle
    qmin: Angle
    qmax: Angle
    ftmax: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    # Dynamics of the link: read so that an unknown key can still be refused, not used by the kinematics.
    mass: Finite | None = None
    cx: Finite | None = None
    cy: Finite | None = None
    cz: Finite | None = None
    Ixx: Finite | None = None
    Iyy: Finite | None = None
    Izz: Finite | None = None
    x1: Finite | None = None
    x2: Finite | None = None
    x3: Finite | None = None
    y1: Finite | None = None
    y2: Finite | None = None
    y3: Finite | None = None
    z1: Finite | None = None
    z2: Finite | None = None
    z3: Finite | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if not self.qmin < self.qmax:
            raise ValueError(f"joint {self.name}: qmin {self.qmin} is not below qmax {self.qmax}")
        if self.type == "prismatic" and not (self.qmin >= -2.0 and self.qmax <= 2.0 and abs(self.offset) <= 2.0):
            raise ValueError(f"joint {self.name}: a prismatic joint beyond 2 m: millimetres given for metres?")
        return self

    def dh_row(self) -> DhRow:
        return DhRow(self.name, JointKind(self.type), self.alpha, self.A, self.theta, self.D, self.offset)


class DhTable(_Record):
    """`DH`: the convention, and the rows under "joints" or, in older files, "links"."""

    convention: Literal["modified", "standard"]
    joints: list[JointRow] = Field(default_factory=list)
    links: list[JointRow] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        if bool(self.joints) == bool(self.links):
            raise ValueError('a DH table has its rows under exactly one of "joints" and "links"')
        return self

    @property
    def rows(self) -> list[JointRow]:
        return self.joints or self.links


class ArmFile(_Record):
    """A kinematic file, such as PSM.json."""

    DH: DhTable


class Jaw(_Record):
    """Limits of the jaw. ftmax 0: the instrument has none (hook, spatula), the entry only satisfies dVRK's parser."""

    qmin: Angle
    qmax: Angle
    ftmax: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.qmin < self.qmax:
            raise ValueError(f"jaw: qmin {self.qmin} is not below qmax {self.qmax}")
        return self


class Coupling(_Record):
    """Actuator angles to joint positions, rows and columns roll, pitch, yaw, jaw."""

    ActuatorToJointPosition: Matrix4


class EngagePosition(_Record):
    lower: Row4
    upper: Row4


class ToolFile(_Record):
    """A tool file, such as LARGE_NEEDLE_DRIVER_400006.json."""

    DH: DhTable
    snake_like: bool = Field(default=False, alias="snake-like")
    jaw: Jaw | None = None
    tooltip_offset: Matrix4 | None = None
    coupling: Coupling | None = None
    tool_engage_position: EngagePosition | None = None


class IndexEntry(_Record):
    """One instrument of tool/index.json. A version range selects between files of one model."""

    model: str
    names: list[str]
    description: str
    generation: Literal["Classic", "S"]
    file: str
    version_min: int | None = None
    version_max: int | None = None


class ToolIndex(_Record):
    instruments: list[IndexEntry]
