"""The plant against the arm model it shares no code with, and the promises its profile makes about it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import ArmProfile
from devices.simulated_arm.cable import CableError
from devices.simulated_arm.chain import read_chain, read_json_with_comments
from devices.simulated_arm.mjcf import POINTS
from devices.simulated_arm.plant import Plant
from toolkit import SpecificationError
from toolkit.models import psm_classic

unit = st.lists(st.floats(0, 1), min_size=7, max_size=7).map(np.array)


@pytest.fixture(scope="module")
def plant(profile: ArmProfile) -> Plant:
    return Plant(profile)


def somewhere(profile: ArmProfile, where: np.ndarray) -> np.ndarray:
    return profile.joint_lower + where * (profile.joint_upper - profile.joint_lower)


@settings(max_examples=200, deadline=None)
@given(unit)
def test_body_points_agree_with_the_arm_model(plant: Plant, profile: ArmProfile, where: np.ndarray) -> None:
    q = somewhere(profile, where)
    assert tuple(profile.arm_model.point_names) == POINTS
    assert np.abs(plant.show(q) - profile.arm_model.points(q)).max() <= 1e-9


@settings(max_examples=300, deadline=None)
@given(unit)
def test_the_shaft_passes_the_remote_centre_within_50_micrometres(plant: Plant, profile: ArmProfile, where: np.ndarray) -> None:
    # The shaft's direction from two insertions of the same arm: nothing here assumes where the line should pass.
    q = somewhere(profile, where)
    q[2] = 0.24
    far = plant.show(q)[POINTS.index("wrist")]
    q[2] = 0.10
    near = plant.show(q)[POINTS.index("wrist")]
    along = (far - near) / np.linalg.norm(far - near)
    distance = np.linalg.norm(np.cross(far, along))
    assert distance < 50e-6


def test_the_jaws_do_not_move_the_tip_but_their_ends(plant: Plant) -> None:
    q = np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 0.0])
    closed = plant.show(q).copy()
    opened = plant.show(q + np.array([0, 0, 0, 0, 0, 0, 1.0]))
    moved = np.linalg.norm(opened - closed, axis=1)
    assert moved[:3].max() <= 1e-12
    # Each jaw turns by half the opening: chord 2 L sin(0.25).
    assert moved[3:] == pytest.approx(2 * 0.0102 * np.sin(0.25))


def test_the_zeros_and_gears_of_plant_and_tick_map_agree(profile: ArmProfile) -> None:
    plant = Plant(profile)
    assert profile.simulator is not None
    wanted = profile.tick_map.to_ticks(np.array(profile.simulator.start_rad_or_m))
    assert np.abs(plant.encoder_ticks() - wanted).max() <= profile.encoder_error_ticks


def enabled_plant(profile: ArmProfile) -> tuple[Plant, np.ndarray]:
    plant = Plant(profile)
    start = plant.encoder_ticks()
    for servo in range(plant.n):
        plant.set_torque(servo, True)
        plant.set_goal(servo, int(start[servo]), 0.0)
    for _ in range(100):
        plant.step()
    return plant, start


def test_a_step_is_followed_without_overshoot(profile: ArmProfile) -> None:
    plant, start = enabled_plant(profile)
    step = 200 * np.sign(np.arange(7) - 2.5).astype(int)
    for servo in range(7):
        plant.set_goal(servo, int(start[servo] + step[servo]), plant.t_s)
    travel = []
    for _ in range(150):
        plant.step()
        travel.append(plant.encoder_ticks() - start)
    towards = np.array(travel) * np.sign(step)
    assert towards.max() <= 200 + 2 + profile.encoder_error_ticks
    assert towards[-1].min() >= 200 - 3 - profile.encoder_error_ticks


def test_a_goal_is_used_only_after_the_stated_latency(profile: ArmProfile) -> None:
    plant, start = enabled_plant(profile)
    assert profile.simulator is not None
    began = plant.t_s
    plant.set_goal(2, int(start[2]) + 10_000, began)
    while abs(plant.encoder_ticks()[2] - start[2]) < 50:
        plant.step()
        assert plant.t_s - began < 0.02
    assert plant.t_s - began >= profile.simulator.latency_min_ms * 1e-3


def test_halting_a_moving_servo_ends_within_a_few_ticks(profile: ArmProfile) -> None:
    plant, start = enabled_plant(profile)
    for k in range(40):
        plant.set_goal(2, int(start[2]) + 17 * k, plant.t_s)
        plant.step()
    plant.halt(2)
    here = plant.encoder_ticks()[2]
    for _ in range(100):
        plant.step()
    assert abs(plant.encoder_ticks()[2] - here) <= 30


def test_without_torque_gravity_moves_the_arm_but_slowly(profile: ArmProfile) -> None:
    plant = Plant(profile)
    before = plant.servo_angles()
    for _ in range(1000):
        plant.step()
    droop_m = abs(plant.servo_angles() - before)[2] / 336.6
    assert 5e-6 < droop_m < 0.5e-3


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0.1, 10))
def test_the_cable_error_never_exceeds_its_bound(seed: int, play: float, waves: float) -> None:
    generator = np.random.default_rng(seed)
    bound = np.array([0.002, 0.0003])
    lower, upper = np.array([-1.0, 0.0]), np.array([1.0, 0.24])
    u = generator.uniform(lower, upper)
    cable = CableError(bound, lower, upper, play, waves, u, generator)
    for _ in range(60):
        u = np.clip(u + generator.normal(0, 0.3, 2) * (upper - lower) * generator.choice([0.001, 1.0]), lower, upper)
        assert np.all(np.abs(cable.true_joints(u) - u) <= bound * (1 + 1e-12))


def test_the_cable_has_play() -> None:
    bound = np.array([0.01])
    cable = CableError(bound, np.array([-1.0]), np.array([1.0]), 1.0, 1.0, np.zeros(1), np.random.default_rng(0))
    forth = cable.true_joints(np.array([0.5]))[0]
    cable.true_joints(np.array([0.6]))
    back = cable.true_joints(np.array([0.5]))[0]
    assert forth == pytest.approx(0.49)
    assert back == pytest.approx(0.51)


def test_comments_in_dvrk_files_are_skipped_and_strings_are_not() -> None:
    assert read_json_with_comments('/* a */ {"b": "// not /* one", // yes\n "c": 1}') == {"b": "// not /* one", "c": 1}


def test_a_five_joint_wrist_is_refused() -> None:
    with pytest.raises(SpecificationError, match="three-joint wrist"):
        read_chain("psm_classic", "NEEDLE_DRIVER:400117")


@pytest.mark.parametrize("name", ["../PSM", "NO_SUCH:1"])
def test_an_unknown_instrument_is_refused(name: str) -> None:
    with pytest.raises(SpecificationError):
        read_chain("psm_classic", name)


def test_the_simulators_own_reading_agrees_with_the_models_coupling() -> None:
    assert np.array_equal(read_chain("psm_classic", "LARGE_NEEDLE_DRIVER:400006").coupling, psm_classic().coupling)
