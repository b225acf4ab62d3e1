"""Each constraint of a procedure becomes the safety layer's own, with its numbers."""

from typing import Any

import numpy as np
import pytest

from safety import Capsule, CommandedRate, Cylinder, InsertionRule, JointBox, KeepInFaces, KeepInTube, KeepOut, Polytope
from toolkit import SpecificationError
from toolkit import procedure as p
from toolkit.app.assembly import Assembly
from toolkit.app.safety_parts import constraints_of
from toolkit.models import load_arm

BODIES = ("wrist", "jaw_1")
A, B = (0.0, 0.0, -0.1), (0.0, 0.01, -0.1)


def converted(line: Assembly, constraint: Any) -> list[Any]:
    procedure = line.procedure.model_copy(update={"constraints": (constraint,)})
    return constraints_of(procedure, line.arm, line.lower, line.upper)


@pytest.mark.parametrize(
    ("constraint", "kinds"),
    [
        (p.KeepInHalfSpace(name="r", bodies=BODIES, normal_B=(1, 0, 0), offset_m=0.02), [KeepInFaces]),
        (p.KeepInBox(name="r", bodies=BODIES, lower_B_m=(-0.1, -0.1, -0.2), upper_B_m=(0.1, 0.1, 0.0)), [KeepInFaces]),
        (p.KeepInSphere(name="r", bodies=BODIES, center_B_m=A, radius_m=0.1), [KeepInTube]),
        (p.KeepInCapsule(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.1), [KeepInTube]),
        (p.KeepInCylinder(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.1), [KeepInTube, KeepInFaces]),
        (p.KeepOutSphere(name="r", bodies=BODIES, center_B_m=A, radius_m=0.01), [KeepOut]),
        (p.KeepOutBox(name="r", bodies=BODIES, lower_B_m=A, upper_B_m=(0.1, 0.1, 0.1)), [KeepOut]),
        (p.KeepOutCapsule(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.01), [KeepOut]),
        (p.KeepOutCylinder(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.01), [KeepOut]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_region_keeps_its_name_its_bodies_and_its_kind(constraint: Any, kinds: list[type], line: Assembly) -> None:
    parts = converted(line, constraint)
    assert [type(part) for part in parts] == kinds
    assert all(part.bodies == BODIES and part.name.partition(".")[0] == "r" for part in parts)


@pytest.mark.requirement("WSP-004")
def test_a_box_has_six_faces_that_pass_through_its_corners(line: Assembly) -> None:
    (box,) = converted(line, p.KeepInBox(name="r", bodies=BODIES, lower_B_m=(-0.1, -0.2, -0.3), upper_B_m=(0.1, 0.2, 0.0)))
    assert box.normals_B.shape == (6, 3)
    for corner, inside in (((0.1, 0.2, 0.0), 0.0), ((-0.1, -0.2, -0.3), 0.0), ((0.0, 0.0, -0.1), 0.1)):
        assert (box.offsets_m - box.normals_B @ corner).min() == pytest.approx(inside, abs=1e-15)


def test_a_keep_in_cylinder_has_ends(line: Assembly) -> None:
    _, ends = converted(line, p.KeepInCylinder(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.1))
    depth = ends.offsets_m - ends.normals_B @ [0.0, 0.004, -0.1]
    assert sorted(depth.tolist()) == pytest.approx([0.004, 0.006])


def test_keep_out_regions_keep_their_shape(line: Assembly) -> None:
    kinds = {
        Capsule: p.KeepOutCapsule(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.01),
        Cylinder: p.KeepOutCylinder(name="r", bodies=BODIES, start_B_m=A, end_B_m=B, radius_m=0.01),
        Polytope: p.KeepOutPolytope(name="r", bodies=BODIES, vertices_B_m=(A, B, (0.01, 0.0, -0.1), (0.0, 0.0, -0.09))),
    }
    for kind, constraint in kinds.items():
        assert isinstance(converted(line, constraint)[0].region, kind)


def test_rates_and_joint_limits_keep_their_numbers(line: Assembly) -> None:
    (speed,) = converted(line, p.SpeedLimit(name="s", points=("tip",), limit_m_s=0.05))
    (acceleration,) = converted(line, p.AccelerationLimit(name="a", points=("tip", "jaw_1"), limit_m_s2=1.0))
    (limits,) = converted(line, p.JointLimits(name="joints"))
    assert isinstance(speed, CommandedRate) and (speed.limit, speed.order, speed.points) == (0.05, 1, ("tip",))
    assert (acceleration.limit, acceleration.order) == (1.0, 2)
    assert isinstance(limits, JointBox) and np.array_equal(limits.lower, line.lower) and np.array_equal(limits.upper, line.upper)


@pytest.mark.requirement("WSP-006")
def test_the_insertion_rule_is_a_bound_on_the_insertion_joint(line: Assembly) -> None:
    """400006: the wrist origin is 45 mm past the remote centre at q3 = 60.6 mm."""
    (rule,) = converted(line, p.InsertionRule(name="i", wrist_past_rcm_m=0.045, straight_tolerance_rad=0.05))
    assert isinstance(rule, InsertionRule) and rule.insertion == 2 and rule.wrist == (4, 5)
    assert rule.insertion_m_min == pytest.approx(0.0606, abs=5e-5)
    q = np.zeros(7)
    q[2] = rule.insertion_m_min
    wrist = line.arm.points(q)[line.arm.point_names.index("wrist")]
    assert np.linalg.norm(wrist) == pytest.approx(0.045, abs=1e-9)


def test_an_insertion_rule_for_an_arm_without_insertion_is_refused(line: Assembly) -> None:
    panda = load_arm("panda")
    rule = p.InsertionRule(name="i", wrist_past_rcm_m=0.045, straight_tolerance_rad=0.05)
    procedure = line.procedure.model_copy(update={"constraints": (rule,)})
    with pytest.raises(SpecificationError, match="no arm with a mechanical remote centre"):
        constraints_of(procedure, panda, panda.limits.lower, panda.limits.upper)

