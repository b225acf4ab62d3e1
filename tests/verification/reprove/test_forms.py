"""Every kind of constraint over random windows: against the shield's floats, against sampled truth, and against wrong numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import InsertionRule
from tests.verification.reprove.worlds import FEW, World, bounds, random_box
from toolkit import FloatArray
from toolkit.app.truth_margins import true_margins
from verification.checker import RejectedError
from verification.plain_kinematics import body_points
from verification.reprove.reprover import Prover
from verification.run_directory import Truth

pytestmark = pytest.mark.requirement("AUD-036")
SHARES = st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7)
BOXES = st.tuples(SHARES, st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7))
ROUNDING_M = 1e-12
DEPTH_M = 1e-10
"""The shield takes the depth of the wrist as a length, the re-proof along the shaft: the file's angles are a right one to 4e-6 only."""
NAMES = {
    "joint_limits.rad", "joint_limits.m", "half_space", "abdomen", "room", "ball", "capsule_in", "cylinder_in.side", "cylinder_in.ends",
    "sphere_out", "vessel", "cylinder_out", "box_out", "polytope_out", "remote_centre", "insertion",
}  # fmt: skip


@given(draw=BOXES)
@settings(max_examples=25, deadline=None)
def test_the_shields_floats_are_its_formula_evaluated_exactly(world: World, draw: tuple[list[float], list[float]]) -> None:
    c, r = random_box(draw)
    floats, shown = world.in_floats(c, r), world.exactly(c, r)
    assert floats.keys() == shown.keys() == NAMES
    for name, value in floats.items():
        apart = max(abs(value - shown[name].low), abs(value - shown[name].high))
        assert apart <= (DEPTH_M if name == "insertion" else ROUNDING_M), (name, value, shown[name])
        assert shown[name].low <= shown[name].high


EDGES = ("half_space", "room", "ball", "vessel", "cylinder_out", "sphere_out", "box_out", "polytope_out")


@pytest.mark.parametrize("name", EDGES)
def test_what_is_shown_holds_at_configurations_of_the_box(world: World, name: str) -> None:
    """At windows that just pass: corners and inner points, distances by plain numpy, so no derivative, no Arb, no plane."""
    c, r = world.at_the_edge(name)
    shown, rng = world.exactly(c, r), np.random.default_rng(3)
    assert 0.0 <= shown[name].least < 2e-3
    offsets = np.concatenate([rng.choice([-1.0, 1.0], (400, 7)), rng.uniform(-1.0, 1.0, (100, 7))])
    true = margins_at(world, c + offsets * r)
    assert set(true) == NAMES
    for other, values in true.items():
        eps = 0.0 if other.startswith("joint_limits") else world.procedure.assumptions.A5.eps_R_m
        if shown[other].least >= 0.0 and other not in ("insertion", "cylinder_in.side", "cylinder_in.ends"):
            assert shown[other].least + eps <= values.min() + 1e-9, other
    if min(shown[part].least for part in ("cylinder_in.side", "cylinder_in.ends")) >= 0.0:
        assert true["cylinder_in.side"].min() >= 0.0


def margins_at(world: World, q: FloatArray) -> dict[str, FloatArray]:
    """True margins at configurations (k, n)."""
    a = world.assembly
    points = body_points(a.arm, q)
    columns = ["t_s", *(f"q_{name}" for name in a.arm.joint_names), *(f"{p}_{x}_m" for p in a.arm.point_names for x in "xyz")]
    rows = np.concatenate([np.zeros((len(q), 1)), q, points.reshape(len(q), -1)], axis=1)
    return true_margins(world.assembly_with(), Truth(tuple(columns), 1000.0, rows, 0))


@given(draw=BOXES)
@settings(max_examples=25, deadline=None)
def test_one_branch_of_the_insertion_rule_holds_in_the_whole_window(world: World, draw: tuple[list[float], list[float]]) -> None:
    c, r = random_box(draw)
    c = c * np.array([1.0, 1.0, 0.4, 1.0, 0.01, 0.01, 1.0])  # shallow, and nearly straight
    (insertion,) = [one for one in world.assembly_with().constraints if isinstance(one, InsertionRule)]
    least = world.exactly(c, r)["insertion"].least
    past = c[2] - r[2] - insertion.insertion_m_min
    straight = min(0.05 - abs(c[j]) - r[j] for j in (4, 5))
    assert least == pytest.approx(past if past >= 0.0 else straight, abs=1e-9)


@given(draw=BOXES)
@settings(max_examples=12, deadline=None)
def test_derivatives_over_the_window_are_no_worse_than_bounds_over_all_limits(world: World, draw: tuple[list[float], list[float]]) -> None:
    """Else a window that the shield passed would look as if it were not shown."""
    c, r = random_box((draw[0], [0.2 * x for x in draw[1]]))
    for name, one in world.exactly(c, r).items():
        assert one.least >= one.low - 2e-6, name


def test_a_shield_without_second_derivatives_passes_a_window_that_is_not_re_proved(tmp_path_factory: pytest.TempPathFactory) -> None:
    """K = 0 is planted: along a line towards a wall its slack changes sign later than what can be shown."""
    none = {name: (0.0 * np.array(K)).tolist() for name, K in bounds().items()}
    planted = World(FEW, tmp_path_factory.mktemp("planted"), none)
    caught = set()
    for name in ("half_space", "room", "ball", "vessel"):
        c, r = planted.at_the_edge(name)
        passed, shown = planted.in_floats(c, r)[name], planted.exactly(c, r)[name]
        assert 0.0 <= passed < 1e-7 and abs(passed - shown.low) < ROUNDING_M
        caught |= {name} if not shown.least >= 0.0 else set()
    assert caught == {"half_space", "room", "ball", "vessel"}


def test_a_constraint_that_is_not_understood_is_refused(world: World) -> None:
    changed = world.inputs | {"procedure": world.inputs["procedure"].replace(b'"keep_in_sphere"', b'"keep_in_torus"')}
    with pytest.raises(RejectedError, match="keep_in_torus"):
        Prover.of(changed, world.K)
