"""Frames, robots in them to a fraction of a pixel, and who is who: on rendered frames whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.bead_finder import BeadSpec, Detection, Polarity, find_beads
from devices.camera import CameraFrame, FrameWatch
from devices.robot_tracks import RobotTracks, TrackState
from devices.simulated_camera import SimulatedCamera
from toolkit import DeviceFault, InvalidInput, StaleMeasurement

SPEC = BeadSpec(radius_px=8.0, contrast_min=50.0, polarity=Polarity.DARK)
SHAPE = (160, 200)


def error_px(found: list[Detection], x: float, y: float) -> float:
    assert len(found) == 1 and found[0].count == 1
    return float(np.hypot(found[0].x_px - x, found[0].y_px - y))


def test_the_rms_error_is_below_a_tenth_of_a_pixel_at_a_contrast_of_ten_sigma(record_property: Callable[[str, object], None]) -> None:
    camera, random = SimulatedCamera(SHAPE, 8.0, noise=10.0), np.random.default_rng(5)
    errors, stated = [], []
    for k in range(80):
        x, y = random.uniform(20, 180), random.uniform(20, 140)
        found = find_beads(camera.expose([(x, y)], float(k)), SPEC)
        errors.append((found[0].x_px - x, found[0].y_px - y))
        stated.append(found[0].sigma_px)
    per_axis = float(np.sqrt(np.mean(np.square(errors))))
    record_property("rms_px_per_axis", per_axis)
    assert np.sqrt(2) * per_axis <= 0.1, "in the plane"
    assert abs(np.mean(errors, axis=0)).max() <= 3 * per_axis / np.sqrt(80), "no pull to anywhere"
    assert per_axis == pytest.approx(np.mean(stated), rel=0.25), "what each detection says of itself"


@settings(max_examples=25, deadline=None)
@given(st.floats(30, 31), st.floats(30, 31))
def test_without_noise_nothing_pulls_to_the_pixel_grid(x: float, y: float) -> None:
    camera = SimulatedCamera((64, 64), 8.0, noise=0.0)
    assert error_px(find_beads(camera.expose([(x, y)], 0.0), SPEC), x, y) <= 0.02


def test_bright_robots_are_found_as_dark_ones_are() -> None:
    frame = SimulatedCamera(SHAPE, 8.0, background=40.0, contrast=-100.0).expose([(60.3, 70.7)], 0.0)
    bright = BeadSpec(8.0, 50.0, Polarity.BRIGHT)
    assert error_px(find_beads(frame, bright), 60.3, 70.7) <= 0.2
    assert find_beads(frame, SPEC) == []


def test_a_robot_cut_by_the_border_dirt_and_nothing_at_all_are_no_robots() -> None:
    camera = SimulatedCamera(SHAPE, 8.0)
    assert find_beads(camera.expose([(3.0, 50.0), (100.0, 157.0)], 0.0), SPEC) == []
    assert find_beads(camera.expose([], 1.0), SPEC) == []
    assert find_beads(SimulatedCamera(SHAPE, 2.0).expose([(50.0, 50.0)], 0.0), SPEC) == []


def test_touching_robots_are_said_to_be_two() -> None:
    [found] = find_beads(SimulatedCamera(SHAPE, 8.0).expose([(60, 60), (72, 60)], 0.0), SPEC)
    assert found.count == 2


@pytest.mark.parametrize("image", [np.zeros((9, 9)), np.zeros((9, 9, 3), np.uint8), np.zeros((4, 9), np.uint8)])
def test_what_is_no_grey_image_is_refused(image: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(InvalidInput, match="grey image"):
        CameraFrame(image, 0, 0.0)


def test_a_running_camera_passes_the_watch_and_missing_frames_are_counted() -> None:
    camera, watch = SimulatedCamera(SHAPE, 8.0), FrameWatch(0.1, gap_max=2)
    for k in range(5):
        watch.check(camera.expose([(50, 50)], k / 60), k / 60 + 0.03)
    camera.expose([(50, 50)], 0.1)
    watch.check(camera.expose([(50, 50)], 0.12), 0.15)
    assert watch.missed == 1
    for _ in range(3):
        camera.expose([(50, 50)], 0.13)
    with pytest.raises(DeviceFault, match="3 frames missing"):
        watch.check(camera.expose([(50, 50)], 0.2), 0.22)


@pytest.mark.parametrize(
    ("kind", "said"), [("is_frozen", "bit for bit"), ("is_stopped", r"frame 2 at 0\.0160 s after 2"), ("late", r"is 0\.2000 s old")]
)
def test_a_frozen_camera_is_found_at_its_first_frame(kind: str, said: str) -> None:
    camera, watch = SimulatedCamera(SHAPE, 8.0), FrameWatch(0.1, gap_max=2)
    for t in (0.0, 0.016):
        watch.check(camera.expose([(50, 50)], t), t)
    age = 0.2 if kind == "late" else 0.0
    if kind != "late":
        setattr(camera, kind, True)
    with pytest.raises(StaleMeasurement, match=said):
        watch.check(camera.expose([(60, 50)], 0.032), 0.032 + age)


@pytest.mark.parametrize("age", [float("nan"), -0.01])
def test_an_age_that_cannot_be_is_refused(age: float) -> None:
    with pytest.raises(StaleMeasurement):
        FrameWatch(0.1, 2).check(SimulatedCamera(SHAPE, 8.0).expose([], 1.0), 1.0 + age)


def follow(paths: dict[str, Callable[[float], tuple[float, float]]], frames: int, tracks: RobotTracks) -> list[dict[str, TrackState]]:
    """Drive the tracker along true paths; every usable track must be its own robot's. The states, frame by frame."""
    camera, random, history = SimulatedCamera(SHAPE, 8.0), np.random.default_rng(2), []
    tracks.start({name: path(0.0) for name, path in paths.items()}, 0.0)
    for k in range(1, frames):
        t = k / 60
        seen = find_beads(camera.expose([path(t) for path in paths.values()], t), SPEC)
        random.shuffle(seen)  # type: ignore[arg-type]
        for track in tracks.update(seen, t):
            if track.state is TrackState.SEEN:
                assert np.hypot(*(track.position_px - paths[track.name](t))) < 1.0, f"{track.name} is another robot in frame {k}"
        history.append({track.name: track.state for track in tracks.tracks})
    return history


def test_four_robots_keep_their_names() -> None:
    paths: dict[str, Callable[[float], tuple[float, float]]] = {
        name: lambda t, p=phase: (100 + 55 * np.cos(2 * t + p), 80 + 55 * np.sin(2 * t + p))  # type: ignore[misc]
        for name, phase in zip("abcd", np.arange(4) * np.pi / 2, strict=True)
    }
    history = follow(paths, 120, RobotTracks(gate_px=12, margin_px=6, coast_frames_max=3))
    assert all(state is TrackState.SEEN for states in history for state in states.values())


@pytest.mark.parametrize("offset", [0.0, 5.0, 12.0])
def test_robots_that_meet_are_given_up_never_exchanged(offset: float) -> None:
    """They run at each other and turn back: a tracker that trusts velocity would exchange them."""

    def bounce(t: float) -> float:
        return 30 + 75 * min(t, 2.0 - t)

    paths: dict[str, Callable[[float], tuple[float, float]]] = {
        "left": lambda t: (bounce(t), 80.0 - offset / 2),
        "right": lambda t: (200 - bounce(t), 80.0 + offset / 2),
    }
    history = follow(paths, 110, RobotTracks(gate_px=12, margin_px=6, coast_frames_max=3))
    assert history[0] == dict.fromkeys(paths, TrackState.SEEN)
    assert history[-1] == dict.fromkeys(paths, TrackState.UNKNOWN)


def test_an_unseen_robot_coasts_and_then_is_lost_and_a_stranger_beyond_the_gate_is_not_it() -> None:
    tracks = RobotTracks(gate_px=10, margin_px=3, coast_frames_max=2)
    tracks.start({"a": (50, 50)}, 0.0)
    tracks.update([Detection(51, 50, 0.1, 1)], 0.1)
    states = [tracks.update([Detection(90, 90, 0.1, 1)], 0.2 + k / 10)[0] for k in range(3)]
    assert [track.state for track in states] == [TrackState.COASTING, TrackState.COASTING, TrackState.LOST]
    assert states[0].position_px == pytest.approx([51.5, 50])
    assert not tracks.update([Detection(51, 50, 0.1, 1)], 0.9)[0].is_usable, "what was lost does not come back by itself"


def test_time_must_advance_and_names_need_room() -> None:
    tracks = RobotTracks(gate_px=10, margin_px=3, coast_frames_max=2)
    with pytest.raises(InvalidInput, match="closer than"):
        tracks.start({"a": (50, 50), "b": (52, 50)}, 0.0)
    tracks.start({"a": (50, 50)}, 1.0)
    with pytest.raises(InvalidInput, match="not after the last"):
        tracks.update([], 1.0)
