"""One simulated arm for the tests of this package, reset between them; goals certified by fiat."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from devices import ArmProfile, DynamixelArm, Faults, SimulatedArm, launch_simulated_arm, load_profile
from devices.serial_bus import SerialBus
from toolkit import CertifiedCommand, TickArray, Verdict

PROFILE = Path(__file__).parents[2] / "examples" / "profiles" / "psm_classic_sim" / "profile.yaml"
Certify = Callable[[TickArray], CertifiedCommand]


@pytest.fixture(scope="session")
def profile() -> ArmProfile:
    return load_profile(PROFILE)


@pytest.fixture(scope="session")
def certify() -> Certify:
    """In these tests every setpoint is certified: what the driver refuses, it refuses by itself."""
    return lambda ticks: CertifiedCommand(ticks, np.asarray(ticks)[None], Verdict.PASS)


@pytest.fixture(scope="module")
def shared_simulator(profile: ArmProfile) -> Iterator[SimulatedArm]:
    with launch_simulated_arm(profile) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: SimulatedArm, profile: ArmProfile) -> Iterator[SimulatedArm]:
    """A running simulated arm without faults and with torque off."""
    yield shared_simulator
    shared_simulator.inject(Faults())
    bus = SerialBus(shared_simulator.port, profile.connection.baud_bits_per_s, 0.2, 2)
    for device_id in profile.servo_ids:
        bus.write(device_id, 64, b"\0")
        bus.write(device_id, 98, b"\0")
    bus.close()


@pytest.fixture
def enabled(simulator: SimulatedArm, profile: ArmProfile, certify: Certify) -> Iterator[DynamixelArm]:
    """A driver that is connected and enabled where the arm stands."""
    arm = DynamixelArm(profile, simulator.port)
    arm.connect()
    arm.enable(certify(arm.read().ticks))
    yield arm
    arm.close()
