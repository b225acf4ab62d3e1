"""The circuit against its own equations, and the rig that runs the firmware on it."""

from pathlib import Path

import numpy as np
import pytest

from devices.coil_profile import COPPER_PER_K, CoilProfile, load_coil_profile
from devices.coil_protocol import CHANNELS, VERSION, Arm, Cause, Command, Outcome, Read, State, Status, from_frame, layout_hash, to_frame
from devices.serial_transfer import FrameParser, encode
from devices.simulated_coils.faults import CoilFaults
from devices.simulated_coils.firmware import build_library, compiler
from devices.simulated_coils.plant import CoilPlant, CoilTruth
from devices.simulated_coils.rig import Rig
from toolkit import FloatArray

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the rig runs the firmware's own code")
PROFILE = Path(__file__).parents[3] / "examples" / "profiles" / "octomag_coils_sim" / "profile.yaml"


@pytest.fixture(scope="module")
def profile() -> CoilProfile:
    return load_coil_profile(PROFILE)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(tmp_path_factory.mktemp("rig"))


def quiet(profile: CoilProfile) -> CoilPlant:
    assert profile.simulator is not None
    silent = {"resistance_spread": 0.0, "current_noise_ma": 0.0, "voltage_noise_mv": 0.0}
    return CoilPlant(profile, profile.simulator.model_copy(update=silent))


def ask(rig: Rig, message: Arm | Command | Read) -> Status:
    [frame] = FrameParser().feed(b"".join(rig.receive(encode(to_frame(message)))))
    status = from_frame(frame, Status)
    assert status is not None
    return status


def armed(rig: Rig, watchdog_ms: int = 1000) -> Rig:
    ask(rig, Arm(1, VERSION, tuple(layout_hash()), State.RUN, Outcome.ZERO, watchdog_ms, (12000,) * CHANNELS))
    return rig


def run(rig: Rig, ms: int) -> None:
    for _ in range(ms):
        rig.step()


def test_a_step_of_voltage_rises_as_the_equation_says(profile: CoilProfile) -> None:
    plant, coil = quiet(profile), profile.coils[2]
    lead = profile.simulator.lead_ohm if profile.simulator else 0.0
    duty, on = np.zeros(8, dtype=np.int64), np.ones(8, dtype=np.int64)
    duty[2] = 500
    for _ in range(5):
        plant.step(1e-3, duty, on)
    total = coil.resistance_ohm(22.0) + lead
    assert plant.current_a[2] == pytest.approx(0.05 * 48 / total * (1 - np.exp(-total * 5e-3 / coil.inductance_h)), rel=1e-4)
    assert plant.current_a[[0, 1, 3, 4, 5, 6, 7]] == pytest.approx(0)


def test_heat_raises_resistance_as_copper_does(profile: CoilProfile) -> None:
    plant = quiet(profile)
    duty, on = np.full(8, 2000, dtype=np.int64), np.ones(8, dtype=np.int64)
    for _ in range(20_000):
        plant.step(1e-3, duty, on)
    rise = plant.temperature_c - 22.0
    assert (rise > 1.0).all()
    expected = profile.resistance_ohm_20c * (1 + COPPER_PER_K * (22.0 + rise - 20.0))
    assert plant.resistance_ohm == pytest.approx(expected)


def test_energy_is_what_heats(profile: CoilProfile) -> None:
    """C dT = R i^2 dt, summed by hand while losses to the room are small."""
    plant, spec = quiet(profile), profile.simulator
    assert spec is not None
    duty, on, joule = np.full(8, 2000, dtype=np.int64), np.ones(8, dtype=np.int64), np.zeros(8)
    for _ in range(200):
        resistance = plant.resistance_ohm
        plant.step(1e-3, duty, on)
        joule += resistance * plant.current_a**2 * 1e-3
    assert (plant.temperature_c - 22.0) * spec.heat_capacity_j_per_k == pytest.approx(joule, rel=1e-3)


def test_commanded_currents_flow(profile: CoilProfile, library: Path) -> None:
    rig = armed(Rig(profile, library))
    asked = (5000, -5000, 12000, -12000, 100, 0, 2500, -1)
    ask(rig, Command(2, 1, asked))
    run(rig, 60)
    assert 1e3 * rig.plant.current_a == pytest.approx(asked, abs=20)
    assert ask(rig, Read(3)).measured_ma == pytest.approx(asked, abs=40)
    assert rig.firmware.bridge_violations == (0, 0)


def test_a_rotating_current_keeps_the_bridges_promises(profile: CoilProfile, library: Path) -> None:
    rig = armed(Rig(profile, library))
    for k in range(300):
        angle = 2 * np.pi * 5.0 * k * 1e-3 + np.arange(8)
        current = np.rint(3000 * np.sin(angle)).astype(int)
        assert ask(rig, Command(2, k, tuple(current.tolist()))).state == State.RUN
        rig.step()
    assert rig.firmware.bridge_violations == (0, 0)
    assert np.abs(1e3 * rig.plant.current_a - current).max() < 700, "a regulator of 4 ms lags a turning current by about 2 pi 5 Hz 4 ms"


def test_without_commands_the_currents_die(profile: CoilProfile, library: Path) -> None:
    rig = armed(Rig(profile, library), watchdog_ms=100)
    ask(rig, Command(2, 1, (8000,) * CHANNELS))
    run(rig, 100)
    assert np.abs(rig.plant.current_a).min() > 7.5
    run(rig, 150)
    assert not rig.plant.current_a.any()
    assert ask(rig, Read(3)).cause == (Cause.WATCHDOG,) * CHANNELS


@pytest.mark.parametrize(
    ("faults", "cause", "within_ms"),
    [
        (CoilFaults(open=frozenset({3})), Cause.NOT_FOLLOWING, 65),
        (CoilFaults(no_temperature=frozenset({3})), Cause.TEMPERATURE_UNREADABLE, 1),
        (CoilFaults(stuck_temperature_c={3: 90.0}), Cause.OVER_TEMPERATURE, 1),
        (CoilFaults(short={3: 0.05}), Cause.OVER_CURRENT, 100),
    ],
)
def test_the_firmware_stops_by_itself_in_its_time(
    profile: CoilProfile, library: Path, faults: CoilFaults, cause: Cause, within_ms: int
) -> None:
    rig = armed(Rig(profile, library))
    ask(rig, Command(2, 1, (5000,) * CHANNELS))
    run(rig, 60)
    rig.inject(faults)
    began = rig.now_ms
    while ask(rig, Read(3)).state == State.RUN and rig.now_ms - began <= 500:
        rig.step()
    assert ask(rig, Read(4)).cause[3] & cause
    assert rig.now_ms - began <= within_ms


def test_what_the_coils_drive_gets_their_true_currents(profile: CoilProfile, library: Path) -> None:
    class Probe:
        seen: FloatArray = np.zeros(8)
        live, faults = False, CoilFaults()

        def step(self, t_s: float, dt_s: float, coils: CoilTruth) -> None:
            self.seen, self.live = coils.current_a, bool(coils.is_live.all())

        def inject(self, faults: CoilFaults) -> None:
            self.faults = faults

    probe = Probe()
    rig = armed(Rig(profile, library, attached=[probe]))
    rig.inject(faults := CoilFaults(turned=frozenset({1}), frozen_cameras=frozenset({0})))
    ask(rig, Command(2, 1, (3000,) * CHANNELS))
    run(rig, 60)
    assert probe.live and probe.faults == faults
    assert probe.seen == pytest.approx([3, -3, 3, 3, 3, 3, 3, 3], abs=0.05), "a coil turned over pulls the other way"
    assert ask(rig, Read(3)).measured_ma[1] == pytest.approx(3000, abs=50), "and no current sensor tells"


@pytest.mark.parametrize("pair", ["swapped", "swapped_leads"])
def test_exchanged_coils_carry_each_others_current(profile: CoilProfile, library: Path, pair: str) -> None:
    rig = Rig(profile, library)
    rig.inject(CoilFaults.model_validate({pair: (0, 5)}))
    armed(rig)
    ask(rig, Command(2, 1, (3000, 0, 0, 0, 0, 0, 0, 0)))
    run(rig, 60)
    assert rig.plant.current_a == pytest.approx([0, 0, 0, 0, 0, 3, 0, 0], abs=0.05)
    voltage = ask(rig, Read(3)).voltage_mv
    assert (voltage[0] > 3000) == (pair == "swapped") and (voltage[5] > 3000) == (pair == "swapped_leads")


def test_lost_and_damaged_frames(profile: CoilProfile, library: Path) -> None:
    rig = armed(Rig(profile, library))
    rig.inject(CoilFaults(drop_every=2))
    command = [encode(to_frame(Command(2, k, (0,) * CHANNELS))) for k in range(4)]
    assert [len(rig.receive(frame)) for frame in command] == [1, 0, 1, 0]
    rig.inject(CoilFaults(bad_crc_every=1))
    [reply] = rig.receive(encode(to_frame(Read(1))))
    parser = FrameParser()
    assert parser.feed(reply) == [] and parser.crc_errors == 1
    rig.inject(CoilFaults(silent=True))
    assert rig.receive(encode(to_frame(Read(1)))) == []
    rig.inject(CoilFaults())
    assert ask(rig, Read(2)).gaps == 1
