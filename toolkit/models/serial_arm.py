"""A serial arm: joints, body points and limits, and the CasADi graphs built from them."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import casadi as ca
import numpy as np

from ..arrays import FloatArray, finite_array
from ..errors import InvalidInput
from ..pose import Pose
from .body import Body, BodyPoint, ShaftLine
from .curvature import reversed_chain, second_derivative_bound
from .graph import angular_jacobian_sx, frames_sx, matrix_sx, point_sx, vector_sx
from .joint import Frame, Joint
from .limits import JointLimits


@dataclass(frozen=True, eq=False)
class SerialArm:
    """X_BT(q) = X_B1(q_1) ... X_k-1,k(q_k) X_kT, and the points of the bodies, as functions of q.

    q: all coordinates, shape (n,), the jaw last where there is one; [rad] or [m].
    B: the DH base frame; for an arm with a remote centre (PSM, ECM, RAVEN) its origin is that centre.
    T: the file's tip frame, its `tooltip_offset` included. On a dVRK instrument the origin of T is the yaw axis, not the end of the jaws:
       those are the points jaw_1 and jaw_2.

    joints: the chain, in order; `Joint` documents X_PC(q). joint_names: the n coordinates' names.
    X_tip: the constant frame after the last joint.
    body_points, bodies: what can touch something.
    shaft: the straight shaft and its remote centre, None for an arm without.
    coupling: 4 x 4, (roll, pitch, yaw, jaw) = coupling @ (the instrument's four disk angles), dVRK's `ActuatorToJointPosition`; the
       identity when the file has none. An instrument without jaw does not use the fourth row.
    sources: the files or publications the numbers were read from. notes: sentences a user must know (what is assumed or invented).

    Raises:
        InvalidInput: parts that do not fit together.
    """

    name: str
    joints: tuple[Joint, ...]
    joint_names: tuple[str, ...]
    limits: JointLimits
    body_points: tuple[BodyPoint, ...]
    bodies: tuple[Body, ...]
    sources: tuple[str, ...]
    X_tip: Frame = field(default_factory=Frame)
    has_jaw: bool = False
    shaft: ShaftLine | None = None
    coupling: FloatArray = field(default_factory=lambda: np.eye(4))
    instrument: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "coupling", finite_array(self.coupling, "coupling", (4, 4)))
        if self.limits.names != self.joint_names:
            raise InvalidInput(f"arm {self.name}: limits are for {self.limits.names}, joints are {self.joint_names}")
        if len(set(self.joint_names)) != self.n or len(set(self.point_names)) != len(self.point_names):
            raise InvalidInput(f"arm {self.name}: joint and point names must differ: {self.joint_names}, {self.point_names}")
        moved = {j.coordinate for j in (*self.joints, *chain.from_iterable(p.branch for p in self.body_points))}
        if moved != set(range(self.n)):
            raise InvalidInput(f"arm {self.name}: coordinates {sorted(moved)} are moved, expected 0 to {self.n - 1}")
        for point in self.body_points:
            if not 0 <= point.frame <= len(self.joints):
                raise InvalidInput(f"arm {self.name}: point {point.name} is in frame {point.frame} of {len(self.joints)}")
        for body in self.bodies:
            missing = [p for p in body.points if p not in self.point_names]
            if missing:
                raise InvalidInput(f"arm {self.name}: body {body.name} names unknown points {missing}")

    @property
    def n(self) -> int:
        """Number of coordinates, the jaw included."""
        return len(self.joint_names)

    @property
    def n_serial(self) -> int:
        """Number of coordinates without the jaw."""
        return self.n - int(self.has_jaw)

    @property
    def prismatic(self) -> tuple[bool, ...]:
        """Per coordinate: does it slide ([m]) rather than turn ([rad])."""
        slides = {j.coordinate for j in self.joints if j.is_prismatic}
        return tuple(i in slides for i in range(self.n))

    @property
    def point_names(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.body_points)

    def tip_sx(self, q: ca.SX) -> tuple[ca.SX, ca.SX]:
        """(R_BT, p_BT) of the tip frame for a symbolic q of shape (n, 1): (3, 3) and (3, 1) in [m], dense."""
        R, p = frames_sx(self.joints, self._checked(q))[-1]
        return ca.densify(R @ matrix_sx(self.X_tip.R)), ca.densify(p + R @ vector_sx(self.X_tip.p_m))

    def points_sx(self, q: ca.SX) -> ca.SX:
        """Positions of the body points in B, (3, m) dense, [m], columns in the order of `point_names`."""
        frames = frames_sx(self.joints, self._checked(q))
        return ca.horzcat(*(point_sx(point, frames, q) for point in self.body_points))

    def rcm_offset_sx(self, q: ca.SX) -> ca.SX:
        """Offset of the remote centre from the shaft line, (3, 1) dense, [m]: its norm is the distance.

        In the axes of the shaft's frame S (joint frame `shaft.frame`): f = (I - a a') R_BS' (c - p_BS(q) - R_BS p), c the remote
        centre in B, a the shaft's direction. Zero up to rounding where the linkage is mechanical.

        Raises:
            InvalidInput: the arm has no remote centre.
        """
        shaft = self._shaft_line()
        R, p = frames_sx(self.joints, self._checked(q))[shaft.frame]
        axis = vector_sx(shaft.axis)
        seen = R.T @ (vector_sx(shaft.rcm_m) - p) - vector_sx(shaft.p_m)
        return ca.densify((ca.SX.eye(3) - axis @ axis.T) @ seen)

    def tip_pose(self, q: FloatArray) -> Pose:
        """X_BT at q, shape (n,)."""
        R, p, _, _ = self._numeric(finite_array(q, "q", (self.n,)))
        return Pose(np.array(R), np.array(p).ravel())

    def points(self, q: FloatArray) -> FloatArray:
        """Positions of the body points at q, (m, 3), [m]."""
        return np.array(self._numeric(finite_array(q, "q", (self.n,)))[3]).T.copy()

    def jacobian(self, q: FloatArray) -> FloatArray:
        """Geometric Jacobian of the tip at q, (6, n): rows 0-2 linear [m/s], rows 3-5 angular [rad/s] velocity in B, per unit rate."""
        return np.array(self._numeric(finite_array(q, "q", (self.n,)))[2])

    def second_derivative_bounds(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """K (m, n, n) with K[i, j, l] >= sup |d2 P_i / dq_j dq_l| over the box lower <= q <= upper (shape (n,) each).

        Analytic, from link lengths (see `curvature`). This is the one place that a certificate will replace.
        """
        lower, upper = self._box(lower, upper)
        return np.stack([
            second_derivative_bound((*self.joints[: p.frame], *p.branch), p.p_m, lower, upper) for p in self.body_points
        ])

    def rcm_offset_bounds(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """K (n, n) with K[j, l] >= sup |d2 f / dq_j dq_l| of f = `rcm_offset_sx` over the box.

        Seen from the shaft, the remote centre is the end of the reversed chain; dropping its part along the shaft cannot enlarge it.
        """
        shaft = self._shaft_line()
        lower, upper = self._box(lower, upper)
        joints, end = reversed_chain(self.joints[: shaft.frame], shaft.rcm_m)
        return second_derivative_bound(joints, end, lower, upper)

    @cached_property
    def canonical(self) -> str:
        """Chain, tip, points, bodies and shaft with exact (hex) constants, one a line. Names of files are not part of it."""
        tip = Joint("tip", self.joints[-1].kind, self.X_tip, 0).canonical()
        lines = ["serial-arm/1", *self.joint_names, *(j.canonical() for j in self.joints), tip]
        lines += [p.canonical() for p in self.body_points] + [b.canonical() for b in self.bodies]
        lines += [self.shaft.canonical() if self.shaft else "no shaft", *(float(x).hex() for x in self.coupling.ravel())]
        return "\n".join(lines)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `canonical`."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @cached_property
    def _numeric(self) -> ca.Function:
        q = ca.SX.sym("q", self.n)
        R, p = self.tip_sx(q)
        angular = angular_jacobian_sx(self.joints, frames_sx(self.joints, q), self.n)
        jacobian = ca.densify(ca.vertcat(ca.jacobian(p, q), angular))
        return ca.Function("arm", [q], ca.cse([R, p, jacobian, self.points_sx(q)]))

    def _checked(self, q: ca.SX) -> ca.SX:
        if q.shape != (self.n, 1):
            raise InvalidInput(f"q: arm {self.name} needs shape ({self.n}, 1), got {q.shape}")
        return q

    def _box(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        lower, upper = finite_array(lower, "lower", (self.n,)), finite_array(upper, "upper", (self.n,))
        if not np.all(lower <= upper):
            raise InvalidInput(f"box: lower must not exceed upper: {lower.tolist()}, {upper.tolist()}")
        return lower, upper

    def _shaft_line(self) -> ShaftLine:
        if self.shaft is None:
            raise InvalidInput(f"arm {self.name} has no remote centre of motion")
        return self.shaft
