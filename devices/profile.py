"""The arm profile: everything that differs between two arms, in one YAML file.

A real arm is a copy of an example profile with its own port, ids, gears, zeros and tube file.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from toolkit import CommandClass, DeviceFault, FloatArray, InvalidInput, SpecificationError, TickArray, TickMap, Tube, tick_array

from .control_table import TICKS_PER_TURN
from .profile_parts import ArmIdentity, Connection, PrismaticJoint, RevoluteJoint, Servo, Strict, Timing
from .simulator_spec import SimulatorSpec
from .yaml_source import error_at, load_yaml_model

if TYPE_CHECKING:
    from toolkit.models import SerialArm


class ArmProfile(Strict):
    """A device profile, parsed and checked. Read one with `load_profile`.

    encoder_error_ticks: most an encoder reading may be off. enable_step_ticks: most the first setpoint may differ from the reading
    taken when torque goes on.
    """

    primum_device_profile: Literal[1]
    name: str
    arm: ArmIdentity
    operating_mode: Literal["position", "extended_position"]
    connection: Connection
    timing: Timing
    encoder_error_ticks: Annotated[int, Field(ge=1, le=20)]
    enable_step_ticks: Annotated[int, Field(ge=1, le=100)]
    joints: Annotated[list[Annotated[RevoluteJoint | PrismaticJoint, Field(discriminator="type")]], Field(min_length=1, max_length=32)]
    servos: Annotated[list[Servo], Field(min_length=1, max_length=32)]
    tube_file: str
    simulator: SimulatorSpec | None = None
    _path: Path = PrivateAttr(default=Path())

    @field_validator("servos")
    @classmethod
    def _servos_match(cls, servos: list[Servo], info: ValidationInfo) -> list[Servo]:
        joints = info.data.get("joints", [])
        ids = [s.id for s in servos]
        if len(set(ids)) != len(ids):
            raise ValueError(f"servo ids must differ: {ids}")
        if len(servos) != len(joints):
            raise ValueError(f"{len(servos)} servos for {len(joints)} joints: there must be one servo per joint")
        for joint, servo in zip(joints, servos, strict=True):
            if (servo.gear_rad_per_m is not None) != (joint.type == "prismatic"):
                raise ValueError(f"servo {servo.id}: gear unit does not fit the {joint.type} joint {joint.name}")
        return servos

    @model_validator(mode="after")
    def _simulator_present(self) -> Self:
        if self.is_simulated != (self.simulator is not None):
            raise ValueError("connection.url is 'simulated' exactly when there is a `simulator` section")
        if self.simulator is not None and len(self.simulator.start_rad_or_m) != self.n:
            raise ValueError(f"simulator.start_rad_or_m: {len(self.simulator.start_rad_or_m)} numbers for {self.n} joints")
        return self

    @property
    def n(self) -> int:
        """Number of joints, jaw included."""
        return len(self.joints)

    @property
    def path(self) -> Path:
        """The file it was read from."""
        return self._path

    def error(self, problem: str, *location: int | str) -> SpecificationError:
        """An error of one of this file's fields, with its line."""
        return error_at(self._path, problem, *location)

    @property
    def is_simulated(self) -> bool:
        """The device is the simulated arm of this package."""
        return self.connection.url == "simulated"

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the joints, in order."""
        return tuple(joint.name for joint in self.joints)

    @property
    def servo_ids(self) -> tuple[int, ...]:
        """Ids on the bus, in joint order."""
        return tuple(servo.id for servo in self.servos)

    @property
    def period_s(self) -> float:
        """Servo period T_s, [s]."""
        return self.timing.period_ms * 1e-3

    @property
    def latency_s(self) -> float:
        """Stated delay from the write of a setpoint to the motion it causes, [s]."""
        return self.timing.latency_ms * 1e-3

    @cached_property
    def joint_lower(self) -> FloatArray:
        """Hard lower limits, shape (n,), [rad] or [m]: the stricter of this file and the arm model."""
        return np.maximum([joint.si[0] for joint in self.joints], self.arm_model.limits.lower)

    @cached_property
    def joint_upper(self) -> FloatArray:
        """Hard upper limits, shape (n,), [rad] or [m]: the stricter of this file and the arm model."""
        return np.minimum([joint.si[1] for joint in self.joints], self.arm_model.limits.upper)

    @cached_property
    def enable_offset(self) -> FloatArray:
        """Most that each true joint may be from the first setpoint when torque comes on, shape (n,), [rad] or [m].

        |M| (enable_step + encoder_error) + joint_error. The theorem's base case needs it within the tube.
        """
        ticks = self.enable_step_ticks + self.encoder_error_ticks
        return np.asarray(self.tick_map.abs_M.sum(axis=1) * ticks + self.joint_error)

    @cached_property
    def joint_error(self) -> FloatArray:
        """Declared bound |true joint - joint of the encoders|, shape (n,), [rad] or [m]: cables, gears, elasticity."""
        return np.array([joint.si[4] for joint in self.joints])

    @cached_property
    def servo_lower(self) -> TickArray:
        """Lowest goal each servo may be given, shape (n,), [tick]."""
        return tick_array([servo.min_ticks for servo in self.servos], "min_ticks", (self.n,))

    @cached_property
    def servo_upper(self) -> TickArray:
        """Highest goal each servo may be given, shape (n,), [tick]."""
        return tick_array([servo.max_ticks for servo in self.servos], "max_ticks", (self.n,))

    @cached_property
    def tick_map(self) -> TickMap:
        """q = M (ticks - zero), M = C diag(direction 2 pi / (4096 gear)).

        C is the instrument's coupling from what the servos drive (arm joints and disks) to the joints.
        """
        tick_rad = 2 * np.pi / TICKS_PER_TURN
        per_tick = np.array([servo.direction * tick_rad / servo.gear for servo in self.servos])
        zero = tick_array([servo.zero_ticks for servo in self.servos], "zero_ticks", (self.n,))
        return TickMap(self._coupling() * per_tick, np.zeros(self.n), zero, self.joint_names)

    @cached_property
    def command_class(self) -> CommandClass:
        """Class C: each servo may do what the stated joint rates need of it when all joints move at once.

        v_i = floor(T_s sum_j |M^-1|_ij rate_j), a_i = floor(T_s^2 sum_j |M^-1|_ij acceleration_j), at least one tick.
        """
        inverse = np.abs(np.linalg.inv(self.tick_map.M))
        rate = np.array([joint.si[2] for joint in self.joints])
        acceleration = np.array([joint.si[3] for joint in self.joints])
        v = np.floor(inverse @ rate * self.period_s)
        a = np.floor(inverse @ acceleration * self.period_s**2)
        return CommandClass(self.period_s, np.maximum(v, 1).astype(np.int64), np.maximum(a, 1).astype(np.int64))

    @property
    def tube_path(self) -> Path:
        """The tube file, relative to the profile."""
        return self._path.parent / self.tube_file

    def load_tube(self) -> Tube:
        """The tube identified for this profile. Raises SpecificationError when it was identified for something else."""
        from .tube_file import load_tube  # noqa: PLC0415  tube files refer to profiles: the import cannot be at the top of both

        return load_tube(self.tube_path, self)

    def require_port(self) -> str:
        """The URL of a real arm. Raises DeviceFault for a simulated one: its port exists only while its process runs."""
        if self.is_simulated:
            raise DeviceFault(f"{self.name}: simulated: start it with launch_simulated_arm and pass its port")
        return self.connection.url

    @cached_property
    def arm_model(self) -> "SerialArm":
        """The kinematic model of the arm with its instrument."""
        from toolkit import models  # noqa: PLC0415  CasADi takes long to import, and the simulator's process never needs it

        arm: SerialArm = {"psm_classic": models.psm_classic, "psm_si": models.psm_si}[self.arm.model](self.arm.instrument)
        if tuple(arm.joint_names) != self.joint_names:
            raise InvalidInput(f"{self.name}: joints {list(self.joint_names)}, but the arm has {list(arm.joint_names)}")
        return arm

    def _coupling(self) -> FloatArray:
        """Coupling of the whole arm, shape (n, n): the identity, with the instrument's matrix on the last four joints."""
        coupling = np.eye(self.n)
        coupling[-4:, -4:] = self.arm_model.coupling
        return coupling


def load_profile(path: str | Path) -> ArmProfile:
    """Read a profile. Raises SpecificationError naming file, line, field, value and what is allowed."""
    file = Path(path)
    profile = load_yaml_model(file, ArmProfile)
    object.__setattr__(profile, "_path", file)
    return profile
