"""Regions that contradict each other are found before anything is enabled; those that leave room are not refused."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from toolkit import SpecificationError
from toolkit.procedure import (
    KeepInBox,
    KeepInCapsule,
    KeepInCylinder,
    KeepInHalfSpace,
    KeepInSphere,
    KeepOutBox,
    KeepOutCapsule,
    KeepOutCylinder,
    KeepOutPolytope,
    KeepOutSphere,
    Procedure,
    Region,
    check_regions,
    load_procedure,
)
from toolkit.procedure.solid import deepest_point, solid_of

VALID = load_procedure(Path(__file__).parent / "valid.yaml")
TIP = ("tip",)
CORNERS = ((-0.1, -0.1, -0.1), (0.3, -0.1, -0.1), (-0.1, 0.3, -0.1), (-0.1, -0.1, 0.3))


@dataclass(frozen=True)
class ToyBody:
    name: str
    points: tuple[str, ...]


def with_regions(*regions: Region) -> Procedure:
    fields = {name: getattr(VALID, name) for name in Procedure.model_fields}
    others = tuple(constraint for constraint in VALID.constraints if not isinstance(constraint, Region))
    return Procedure(**{**fields, "constraints": (*regions, *others)})


def box(name: str, low: float, high: float, kind: type[KeepInBox] | type[KeepOutBox] = KeepInBox) -> Region:
    return kind(name=name, bodies=("jaw_1",), lower_B_m=(low, low, low), upper_B_m=(high, high, high))


def test_the_valid_file_has_room() -> None:
    check_regions(VALID)


@pytest.mark.requirement("WSP-012")
def test_an_empty_keep_in_is_refused() -> None:
    half = {"bodies": ("jaw_1",), "offset_m": -0.01}
    low = KeepInHalfSpace(name="low", normal_B=(0, 0, 1), **half)
    high = KeepInHalfSpace(name="high", normal_B=(0, 0, -1), **half)
    with pytest.raises(SpecificationError, match=r"low, high: empty: no point of jaw_1 can be inside \(nearest: 0.01 m outside"):
        check_regions(with_regions(low, high))


@pytest.mark.requirement("WSP-012")
def test_two_keep_ins_that_do_not_meet_are_refused_only_for_a_common_body() -> None:
    left, right = box("left", -0.2, -0.1), box("right", 0.1, 0.2)
    with pytest.raises(SpecificationError, match="left, right: empty"):
        check_regions(with_regions(left, right))
    check_regions(with_regions(left, right.model_copy(update={"bodies": ("jaw_2",)})))


def test_touching_keep_ins_leave_no_room_and_a_gap_between_is_enough() -> None:
    with pytest.raises(SpecificationError, match="empty"):
        check_regions(with_regions(box("a", -0.1, 0.0), box("b", 0.0, 0.1)))
    check_regions(with_regions(box("a", -0.1, 0.001), box("b", 0.0, 0.1)))


@pytest.mark.requirement("WSP-012")
@pytest.mark.parametrize(
    "cover",
    [
        KeepOutBox(name="cover", bodies=("jaw_1",), lower_B_m=(-0.02,) * 3, upper_B_m=(0.02,) * 3),
        KeepOutSphere(name="cover", bodies=("jaw_1",), center_B_m=(0, 0, 0), radius_m=0.018),
        KeepOutCapsule(name="cover", bodies=("jaw_1",), start_B_m=(-0.01, 0, 0), end_B_m=(0.01, 0, 0), radius_m=0.0145),
        KeepOutCylinder(name="cover", bodies=("jaw_1",), start_B_m=(-0.011, 0, 0), end_B_m=(0.011, 0, 0), radius_m=0.0145),
        KeepOutPolytope(name="cover", bodies=("jaw_1",), vertices_B_m=CORNERS),
    ],
    ids=lambda region: region.type,
)
def test_a_keep_out_that_covers_the_keep_in_is_refused(cover: Region) -> None:
    inside = box("inside", -0.01, 0.01)
    with pytest.raises(SpecificationError, match="inside: nothing is left for jaw_1: the keep-in is covered by cover"):
        check_regions(with_regions(inside, cover))


def test_keep_outs_that_cover_it_only_together_are_refused_and_each_alone_is_not() -> None:
    inside = box("inside", -0.01, 0.01)
    half = {"bodies": ("jaw_1",), "upper_B_m": (0.02, 0.02, 0.02)}
    left = KeepOutBox(name="left", bodies=("jaw_1",), lower_B_m=(-0.02,) * 3, upper_B_m=(0.0001, 0.02, 0.02))
    right = KeepOutBox(name="right", lower_B_m=(-0.0001, -0.02, -0.02), **half)
    check_regions(with_regions(inside, left))
    check_regions(with_regions(inside, right))
    with pytest.raises(SpecificationError, match="covered by left, right"):
        check_regions(with_regions(inside, left, right))


@pytest.mark.requirement("WSP-012")
def test_a_target_inside_a_keep_out_is_refused_only_for_a_body_with_the_tip() -> None:
    ball = KeepOutSphere(name="ball", bodies=("jaw_1",), center_B_m=(0, 0, -0.112), radius_m=0.004)
    procedure = with_regions(ball)
    check_regions(procedure, [ToyBody("jaw_1", ("other",))])
    with pytest.raises(
        SpecificationError, match=r"steps.2.move_cp.position_B_m: .*inside the keep-out ball by 0.002 m: the tip is a point of jaw_1"
    ):
        check_regions(procedure, [ToyBody("jaw_1", TIP)])


def test_a_target_outside_a_keep_in_is_refused() -> None:
    with pytest.raises(SpecificationError, match=r"outside the keep-in inside by 0\.01 m"):
        check_regions(with_regions(box("inside", -0.1, 0.1)), [ToyBody("jaw_1", TIP)])


def test_the_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "procedure.yaml"
    path.write_text(VALID.text.replace("[-1.0, 0.0, 0.0], offset_m: 0.05", "[-1.0, 0.0, 0.0], offset_m: -0.06"))
    with pytest.raises(SpecificationError, match=r"procedure.yaml:12: constraints\[abdomen\]: abdomen: empty: no point of shaft"):
        check_regions(load_procedure(path))


coordinate = st.floats(-0.3, 0.3)
position = st.tuples(coordinate, coordinate, coordinate)
shapes = st.one_of(
    st.builds(lambda c, r: KeepInSphere(name="s", bodies=TIP, center_B_m=c, radius_m=r), position, st.floats(0.001, 0.1)),
    st.builds(
        lambda a, d, r, kind: kind(name="s", bodies=TIP, start_B_m=a, end_B_m=(a[0] + d, a[1] - d, a[2] + 0.1), radius_m=r),
        position, st.floats(-0.1, 0.1), st.floats(0.001, 0.1), st.sampled_from([KeepInCapsule, KeepInCylinder]),
    ),
    st.builds(
        lambda a, d: KeepInBox(name="s", bodies=TIP, lower_B_m=a, upper_B_m=tuple(x + d for x in a)), position, st.floats(0.001, 0.2)
    ),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(shapes, position, position)
def test_every_solid_is_convex_with_true_subgradients(shape: Region, a: tuple[float, ...], b: tuple[float, ...]) -> None:
    solid, p, q = solid_of(shape), np.array(a), np.array(b)
    g_p, g_q, g_middle = solid.violation(np.array([p, q, 0.5 * (p + q)]))
    assert g_middle <= 0.5 * (g_p + g_q) + 1e-12
    assert g_p + solid.slope(p) @ (q - p) <= g_q + 1e-9
    assert np.linalg.norm(solid.slope(p)) <= 1.0 + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.lists(shapes, min_size=1, max_size=3))
def test_the_deepest_point_agrees_with_an_independent_optimiser(many: list[Region]) -> None:
    solids = [solid_of(shape) for shape in many]
    point, depth, bound = deepest_point(solids)
    assert bound <= depth + 1e-9
    found = minimize(
        lambda p: max(float(s.violation(p[None])[0]) for s in solids), point, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9}
    )
    assert found.fun >= bound - 1e-9, "the lower bound is one"
    assert depth <= found.fun + 1e-6 or depth <= 0.79 * found.fun, "as deep as the other optimiser, or deep enough inside"
