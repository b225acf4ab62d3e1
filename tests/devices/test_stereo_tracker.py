"""Two views make a point: on rendered frames whose truth is known, and on frames that must be refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.bead_finder import BeadSpec, Polarity, Window, find_beads
from devices.camera import CameraFrame
from devices.simulated_camera import SimulatedCamera
from devices.stereo_tracker import StereoLimits, StereoTracker, TrackedPoint, View
from toolkit import DeviceFault, FloatArray, InvalidInput, StaleMeasurement

SCALE = 25e-6
X, Y, Z = np.eye(3)
VIEWS = (View(np.array([-2e-3, 0.0, 2e-3]), SCALE, X, -Z), View(np.array([0.0, -2e-3, 2e-3]), SCALE, Y, -Z))
SPEC = BeadSpec(10.0, 50.0, Polarity.DARK)
LIMITS = StereoLimits(age_s_max=0.1, missing_max=2, skew_s_max=1e-3, z_gap_m_max=100e-6, window_m=1e-3)
LATENCY_S = 0.03


class Bench:
    """Two cameras that look at one bead, and the tracker."""

    def __init__(self) -> None:
        self.cameras = [SimulatedCamera((160, 160), 10.0, seed=k, noise_bank=2) for k in range(2)]
        self.tracker = StereoTracker(VIEWS, SPEC, LIMITS)
        self.number = 0

    def expose(self, p_m: FloatArray, *others_m: FloatArray) -> list[CameraFrame]:
        self.number += 1
        t_s = self.number / 60
        seen = [[view.pixel(p) for p in (p_m, *others_m)] for view in VIEWS]
        return [replace(camera.expose(px, t_s), number=self.number) for camera, px in zip(self.cameras, seen, strict=True)]

    def see(self, frames: list[CameraFrame]) -> TrackedPoint | None:
        points = [self.tracker.see(k, frame, frame.t_s + LATENCY_S) for k, frame in enumerate(frames)]
        assert points[0] is None, "one view makes no point"
        return points[1]

    def see_at(self, *p_m: FloatArray) -> TrackedPoint:
        point = self.see(self.expose(*p_m))
        assert point is not None
        return point


ORIGIN = np.zeros(3)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-1.5e-3, 1.5e-3)] * 3))
def test_a_point_is_where_the_bead_is(place: tuple[float, float, float]) -> None:
    point = Bench().see_at(np.array(place))
    assert point.p_m == pytest.approx(place, abs=6 * point.sigma_m) and point.sigma_m < 2e-6
    assert point.z_gap_m < 10 * point.sigma_m and (point.number, point.t_s) == (1, 1 / 60)


def test_a_moving_bead_is_followed_in_its_window_and_found_again_outside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, whole = Bench(), list[bool]()

    def counted(frame: CameraFrame, spec: BeadSpec, window: Window | None = None) -> object:
        whole.append(window is None)
        return find_beads(frame, spec, window)

    monkeypatch.setattr("devices.stereo_tracker.find_beads", counted)
    for k in range(10):
        bench.see_at(np.array([k * 1e-4, 0.0, 0.0]))
    assert sum(whole) == 2 and len(whole) == 20, "the whole picture once, for the first frame of each view"
    far = np.array([-1.4e-3, 1.2e-3, -1e-3])
    assert bench.see_at(far).p_m == pytest.approx(far, abs=1e-5)
    assert sum(whole) == 4


def test_a_window_finds_what_the_whole_picture_shows() -> None:
    frame = SimulatedCamera((160, 160), 10.0).expose([(60.4, 71.3)], 0.0)
    [whole], [part] = find_beads(frame, SPEC), find_beads(frame, SPEC, Window.about(66.0, 66.0, 30.0, frame.image.shape))
    assert (part.x_px, part.y_px) == pytest.approx((whole.x_px, whole.y_px), abs=0.05)
    assert find_beads(frame, SPEC, Window.about(140.0, 140.0, 15.0, frame.image.shape)) == []
    assert find_beads(frame, SPEC, Window.about(-500.0, 900.0, 15.0, frame.image.shape)) == []


def test_no_bead_and_two_beads_are_refused_and_the_next_frame_is_used() -> None:
    bench = Bench()
    with pytest.raises(StaleMeasurement, match="camera 0: frame 1 shows no bead"):
        bench.see(bench.expose(np.array([0.5, 0.0, 0.0])))
    with pytest.raises(StaleMeasurement, match="camera 0: frame 2 shows 2 beads"):
        bench.see(bench.expose(ORIGIN, np.array([1e-3, 1e-3, 1e-3])))
    assert bench.see_at(ORIGIN).number == 3


def test_views_that_disagree_on_the_height_are_refused() -> None:
    bench = Bench()
    low, high = bench.expose(ORIGIN)[0], bench.expose(np.array([0.0, 0.0, 200e-6]))[1]
    with pytest.raises(StaleMeasurement, match=r"frames 1 disagree by (0\.0002|0\.00019|0\.00020)"):
        bench.see([low, replace(high, number=1, t_s=low.t_s)])


def test_exposures_apart_and_numbers_apart_make_no_point() -> None:
    bench = Bench()
    first, second = bench.expose(ORIGIN)
    with pytest.raises(StaleMeasurement, match=r"exposed 0\.0050 s apart"):
        bench.see([first, replace(second, t_s=second.t_s + 5e-3)])
    ahead = bench.expose(ORIGIN)[0], bench.expose(ORIGIN)[1]
    assert bench.see(list(ahead)) is None, "frame 2 of one camera and frame 3 of the other"


@pytest.mark.parametrize(("fault", "said"), [("is_frozen", r"bit for bit.*\(camera 1\)"), ("old", r"is 0\.2000 s old.*\(camera 1\)")])
def test_a_camera_that_is_frozen_or_late_is_named(fault: str, said: str) -> None:
    bench = Bench()
    bench.see_at(ORIGIN)
    bench.cameras[1].is_frozen = fault == "is_frozen"
    frames = bench.expose(ORIGIN)
    assert bench.tracker.see(0, frames[0], frames[0].t_s) is None
    with pytest.raises(StaleMeasurement, match=said):
        bench.tracker.see(1, frames[1], frames[1].t_s + (0.2 if fault == "old" else 0.0))


def test_a_camera_that_stops_is_named_and_missing_frames_are_a_device_fault() -> None:
    bench = Bench()
    bench.tracker.require_alive(1e3)  # before the first frame nothing is known
    bench.see_at(ORIGIN)
    for _ in range(5):
        frames = bench.expose(ORIGIN)
        bench.tracker.see(0, frames[0], frames[0].t_s)
    bench.tracker.require_alive(bench.number / 60)
    with pytest.raises(StaleMeasurement, match="camera 1: no new frame"):
        bench.tracker.require_alive(bench.number / 60 + 0.05)
    frames = bench.expose(ORIGIN)
    with pytest.raises(DeviceFault, match=r"5 frames missing.*\(camera 1\)"):
        bench.tracker.see(1, frames[1], frames[1].t_s)


def test_views_that_make_no_point_are_refused() -> None:
    turned, coarse = View(ORIGIN, SCALE, Z, Y), View(ORIGIN, 2 * SCALE, Y, -Z)
    for second in (turned, coarse, VIEWS[0]):
        with pytest.raises(InvalidInput, match="views: one scale"):
            StereoTracker((VIEWS[0], second), SPEC, LIMITS)
    with pytest.raises(InvalidInput, match="right angles"):
        View(ORIGIN, SCALE, X, X)
    with pytest.raises(InvalidInput, match="window_m"):
        StereoTracker(VIEWS, SPEC, replace(LIMITS, window_m=0.4e-3))
    with pytest.raises(InvalidInput, match="z_gap_m_max"):
        replace(LIMITS, z_gap_m_max=float("nan"))
    with pytest.raises(InvalidInput, match="camera 2"):
        Bench().tracker.see(2, SimulatedCamera((160, 160), 10.0).expose([], 0.0), 0.0)
