"""A bead in the simulated coil rig: in given time against the campaign's controller, and as the process that a run starts."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers import BeadMpc, BeadMpcOptions, BeadOptions
from devices.camera_link import CameraLink, CameraServer
from devices.coil_driver import CoilDriver
from devices.coil_profile import load_coil_profile
from devices.coil_protocol import CHANNELS, VERSION, Arm, Command, Outcome, State, layout_hash, to_frame
from devices.serial_transfer import encode
from devices.simulated_coils.faults import CoilFaults
from devices.simulated_coils.firmware import build_library, compiler
from devices.simulated_coils.plant import CoilTruth
from devices.simulated_coils.rig import Rig
from devices.stereo_tracker import StereoLimits, StereoTracker, TrackedPoint
from devices.truth_file import TruthWriter
from tests.toolkit.app.vessel_worlds import CALIBRATION, PATH_S, PROFILE, campaign_world
from toolkit import CertifiedCommand, DeviceFault, FloatArray, InvalidInput, SpecificationError, StaleMeasurement, Verdict
from toolkit.app.coil_rig import launch_coil_rig
from toolkit.app.robot_in_coils import HOLD_S_MAX, PLANT_HZ, RobotInCoils, truth_columns
from toolkit.app.robot_world import load_world
from toolkit.app.vessel_world import VesselWorld
from toolkit.models.fluids import BLOOD_LIKE
from toolkit.models.magnetics import load_mpem, mpem_model
from toolkit.models.microrobots import Bead, SoftMoment
from verification.campaign.vessel import CORE_SHARE, DENSITY_KG_M3, LIMITS, PULSE_HZ, RADIUS_M, SATURATION_A_M, WALL_FACTOR, vessel_path
from verification.run_directory import read_truth

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the rig runs the firmware's own code")
TRACKING = StereoLimits(age_s_max=0.1, missing_max=3, skew_s_max=1e-3, z_gap_m_max=100e-6, window_m=1e-3)
NAMES = tuple(f"coil_{k}" for k in range(1, 9))


class Bench:
    """The world, its cameras' link and its truth file, in given time."""

    def __init__(self, folder: Path, world: VesselWorld) -> None:
        self.world, self.truth_file = world, folder / "truth.bin"
        self.server = CameraServer(folder / "frames", world.cameras.latency_s)
        self.link = CameraLink(folder / "frames")
        self.truth = TruthWriter(self.truth_file, truth_columns(NAMES), PLANT_HZ)
        self.bead = RobotInCoils(world, world.calibrated(folder), self.truth, self.server)
        self.tracker = StereoTracker(world.cameras.build(), world.look(), TRACKING)
        self.ms = 0

    def run(self, ms: int, i_A: FloatArray, live: bool = True) -> None:
        """So many milliseconds with these currents."""
        for _ in range(ms):
            self.ms += 1
            self.bead.step(1e-3 * self.ms, 1e-3, CoilTruth(i_A, np.full(8, 22.0), np.full(8, live)))

    def points(self, now_s: float) -> list[TrackedPoint]:
        found = [self.tracker.see(camera, frame, now_s) for camera, frame in self.link.poll()]
        return [point for point in found if point is not None]

    def close(self) -> None:
        self.truth.close()
        self.link.close()
        self.server.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, campaign_world())
    yield bench
    bench.close()


def controller() -> BeadMpc:
    bead = Bead(RADIUS_M, DENSITY_KG_M3, SoftMoment(CORE_SHARE * 4.0 / 3.0 * np.pi * RADIUS_M**3, SATURATION_A_M), BLOOD_LIKE)
    options = BeadMpcOptions(problem=BeadOptions(period_s=0.01, field_T=(0.03, 0.0, 0.0)))
    model = mpem_model(load_mpem(CALIBRATION))
    return BeadMpc(model, bead, LIMITS, vessel_path(PATH_S), PULSE_HZ, wall_factor=WALL_FACTOR, options=options)


@needs_compiler
def test_the_campaigns_controller_keeps_the_bead_on_its_path_through_firmware_and_cameras(bench: Bench, tmp_path: Path) -> None:
    rig = Rig(load_coil_profile(PROFILE), build_library(tmp_path), attached=[bench.bead])
    rig.receive(encode(to_frame(Arm(1, VERSION, tuple(layout_hash()), State.RUN, Outcome.ZERO, 1000, (12000,) * CHANNELS))))
    mpc, path, errors = controller(), vessel_path(PATH_S), []
    i_A, begun_s = mpc.hold_A, 0.01
    for k in range(250):
        if k:
            proposed = mpc.compute(rig.now_ms * 1e-3 - begun_s, i_A).i_A
            i_A = i_A if proposed is None else proposed
        rig.receive(encode(to_frame(Command(2, k, tuple(np.rint(1e3 * i_A).astype(int).tolist())))))
        for _ in range(10):
            rig.step()
        now_s = rig.now_ms * 1e-3
        for point in bench.points(now_s):
            mpc.frame(point.t_s - begun_s, point.p_m)
        errors.append(np.linalg.norm(bench.bead.plant.p_m - path(np.array([now_s - begun_s]))[0][0]))
    assert bench.bead.is_free and not bench.bead.is_stuck
    assert np.mean(errors[200:]) < 60e-6, "the flow is being learnt"


def test_the_bead_lies_on_its_rest_until_the_coils_carry_it(bench: Bench) -> None:
    start = np.array(bench.world.start_m)
    hold_A = controller().hold_A
    bench.run(2000, np.zeros(8), live=False)
    bench.run(500, 0.5 * hold_A)
    assert not bench.bead.is_free and bench.bead.plant.p_m == pytest.approx(start, abs=0.0)
    bench.run(2, 1.1 * hold_A)
    assert bench.bead.is_free


def test_after_a_second_of_armed_coils_it_is_let_go_whatever_flows_and_falls_onto_the_wall(bench: Bench) -> None:
    bench.run(round(1e3 * HOLD_S_MAX), np.zeros(8))
    assert not bench.bead.is_free
    bench.run(400, np.zeros(8))
    assert bench.bead.is_free and bench.bead.is_stuck
    lying = bench.bead.plant.p_m.copy()
    bench.run(100, np.full(8, 10.0))
    assert np.array_equal(bench.bead.plant.p_m, lying)
    bench.truth.close()
    wall_m = read_truth(bench.truth_file).rows[:, 4]
    assert wall_m[0] > 0.5e-3 and -RADIUS_M <= wall_m[-1] <= 0.0 and wall_m.size == (bench.ms // 2)
    bench.truth = TruthWriter(bench.truth_file, truth_columns(NAMES), PLANT_HZ)


def test_a_tracked_point_has_the_stated_noise_and_latency(bench: Bench) -> None:
    errors, ages = [], []
    for _ in range(500):
        bench.run(10, np.zeros(8), live=False)
        for point in bench.points(1e-3 * bench.ms):
            errors.append(point.p_m - bench.world.start_m)
            ages.append(1e-3 * bench.ms - point.t_s)
    assert 295 <= len(errors) <= 301
    assert np.std(errors, axis=0) == pytest.approx(np.full(3, 5e-6), rel=0.2)
    assert np.abs(np.mean(errors, axis=0)).max() < 1.5e-6
    assert min(ages) >= 0.03 - 1e-9 and max(ages) <= 0.0401


def test_cameras_freeze_and_stop_as_they_are_told(bench: Bench) -> None:
    bench.run(100, np.zeros(8), live=False)
    assert bench.points(0.1)
    bench.bead.inject(CoilFaults(stopped_cameras=frozenset({1})))
    bench.run(40, np.zeros(8), live=False)
    bench.link.poll()
    bench.run(60, np.zeros(8), live=False)
    assert {camera for camera, _ in bench.link.poll()} == {0}
    bench.bead.inject(CoilFaults(frozen_cameras=frozenset({0})))
    bench.run(60, np.zeros(8), live=False)
    bench.link.poll()
    bench.run(60, np.zeros(8), live=False)
    images = [frame.image for camera, frame in bench.link.poll() if camera == 0]
    assert len(images) >= 3 and all(np.array_equal(images[0], image) for image in images)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": -1}, "seed"),
        ({"current_signs": [1, 0]}, "current_signs"),
        ({"start_m": [0.0, float("nan"), 0.0]}, "start_m"),
        ({"colour": "red"}, "colour"),
        ({"bead": {"radius_m": 1e-4, "density_kg_m3": 2500.0, "core_m3": "much", "saturation_A_m": 1e5}}, "core_m3"),
    ],
)
def test_a_world_file_that_cannot_be_meant_is_refused_by_field(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "world.json"
    file.write_text(json.dumps(json.loads(campaign_world().model_dump_json()) | change))
    with pytest.raises(SpecificationError, match=said):
        load_world(file)


def test_a_world_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    world = campaign_world(3)
    (tmp_path / "world.json").write_text(world.model_dump_json())
    assert load_world(tmp_path / "world.json") == world


def test_a_start_in_the_wall_and_too_noisy_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="start_m"):
        Bench(tmp_path, campaign_world(start_m=[0.0, 5e-3, 0.0]))
    cameras = campaign_world().cameras.model_copy(update={"noise_m": 1e-8})
    (tmp_path / "second").mkdir()
    with pytest.raises(InvalidInput, match=r"cameras\.noise_m"):
        Bench(tmp_path / "second", campaign_world().model_copy(update={"cameras": cameras}))


@needs_compiler
def test_the_process_drives_shows_and_writes_its_world(tmp_path: Path) -> None:
    profile, world = load_coil_profile(PROFILE), campaign_world()
    file, truth = tmp_path / "world.json", tmp_path / "truth.bin"
    file.write_text(world.model_dump_json())
    with launch_coil_rig(profile, file, truth=truth) as rig, CameraLink(rig.cameras) as link, CoilDriver(profile, rig.port) as driver:
        tracker = StereoTracker(world.cameras.build(), world.look(), TRACKING)
        driver.connect()
        driver.arm()
        ticks = np.full(8, 1000, dtype=np.int64)
        points, end = [], time.monotonic() + 20.0
        while len(points) < 10 and time.monotonic() < end:
            driver.write(CertifiedCommand(ticks, ticks[None], Verdict.PASS))
            now_s = time.monotonic()
            for camera, frame in link.poll():
                try:
                    points.append(tracker.see(camera, frame, now_s))
                except StaleMeasurement:  # a host that stalled: old frames are refused, and new ones come
                    continue
                points = [point for point in points if point is not None]
        assert points[0].p_m == pytest.approx(world.start_m, abs=50e-6)
        driver.off()
        rig.kill()
        with pytest.raises(DeviceFault, match="gone"):
            while True:
                link.poll()
    seen = read_truth(truth)
    assert seen.columns == ("t_s", *truth_columns(NAMES)) and seen.rate_hz == PLANT_HZ
    assert seen.t_s[0] <= points[0].t_s and seen.point("p")[0] == pytest.approx(world.start_m)
    assert np.abs(seen.rows[:, 7:15]).max() == pytest.approx(1.0, abs=0.1) and (seen.rows[:, 15:] > 20.0).all()


@needs_compiler
def test_a_wrong_world_ends_the_process_before_there_is_a_port(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text(campaign_world().model_copy(update={"calibration": "nowhere.yaml"}).model_dump_json())
    rig = launch_coil_rig(load_coil_profile(PROFILE), file, truth=tmp_path / "truth.bin")
    with pytest.raises(DeviceFault, match=r"nowhere\.yaml"), rig:
        pass
