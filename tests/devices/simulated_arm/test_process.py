"""The simulated arm as others meet it: the vendor's SDK, probe, the truth file, and the ways it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dynamixel_sdk as sdk
import numpy as np
import pytest

from devices import ArmProfile, Faults, SimulatedArm, launch_simulated_arm, load_profile, probe, read_truth
from toolkit import DeviceFault, SpecificationError

PROFILE = Path(__file__).parents[3] / "examples" / "profiles" / "psm_classic_sim" / "profile.yaml"


@pytest.fixture
def vendor(simulator: SimulatedArm, profile: ArmProfile) -> tuple[sdk.PortHandler, sdk.Protocol2PacketHandler]:
    port = sdk.PortHandler(simulator.port)
    port.baudrate = profile.connection.baud_bits_per_s
    assert port.openPort()
    yield port, sdk.PacketHandler(2.0)
    port.closePort()


def test_the_vendors_sdk_pings_reads_and_writes(vendor: tuple[sdk.PortHandler, sdk.Protocol2PacketHandler], profile: ArmProfile) -> None:
    port, packets = vendor
    assert packets.ping(port, 1) == (1020, sdk.COMM_SUCCESS, 0)
    position, result, error = packets.read4ByteTxRx(port, 1, 132)
    assert (result, error) == (sdk.COMM_SUCCESS, 0)
    assert abs(position - 2048) <= 2 * profile.encoder_error_ticks
    assert packets.write1ByteTxRx(port, 1, 11, 4) == (sdk.COMM_SUCCESS, 0)
    assert packets.read1ByteTxRx(port, 1, 11)[0] == 4


def test_the_vendors_sdk_sees_the_refusals_of_a_real_servo(vendor: tuple[sdk.PortHandler, sdk.Protocol2PacketHandler]) -> None:
    port, packets = vendor
    assert packets.write1ByteTxRx(port, 2, 11, 99) == (sdk.COMM_SUCCESS, sdk.ERRNUM_DATA_RANGE)
    assert packets.write1ByteTxRx(port, 2, 64, 1) == (sdk.COMM_SUCCESS, 0)
    assert packets.write1ByteTxRx(port, 2, 11, 3) == (sdk.COMM_SUCCESS, sdk.ERRNUM_ACCESS)  # EEPROM under torque
    assert packets.write4ByteTxRx(port, 2, 132, 0) == (sdk.COMM_SUCCESS, sdk.ERRNUM_ACCESS)  # a measurement
    assert packets.ping(port, 99)[1] == sdk.COMM_RX_TIMEOUT


def test_the_vendors_sdk_moves_servos_with_sync_write_and_sync_read(vendor: tuple[sdk.PortHandler, sdk.Protocol2PacketHandler]) -> None:
    port, packets = vendor
    for device_id in (1, 2):
        packets.write1ByteTxRx(port, device_id, 11, 4)
        packets.write1ByteTxRx(port, device_id, 64, 1)
    reader, writer = sdk.GroupSyncRead(port, packets, 132, 4), sdk.GroupSyncWrite(port, packets, 116, 4)
    for device_id in (1, 2):
        reader.addParam(device_id)
        writer.addParam(device_id, list((2300).to_bytes(4, "little")))
    assert writer.txPacket() == sdk.COMM_SUCCESS
    time.sleep(0.15)
    assert reader.txRxPacket() == sdk.COMM_SUCCESS
    assert all(abs(reader.getData(device_id, 132, 4) - 2300) <= 8 for device_id in (1, 2))


@pytest.mark.requirement("CYB-007")
def test_probe_lists_the_servos_and_writes_nothing(simulator: SimulatedArm, profile: ArmProfile) -> None:
    found = probe(profile, simulator.port, (1, 2, 7, 8))
    assert [servo.id for servo in found] == [1, 2, 7]
    assert [servo.id for servo in probe(profile, simulator.port)] == list(profile.servo_ids)
    assert {servo.model_number for servo in found} == {1020}
    assert not any(servo.torque for servo in found)
    assert found[0].voltage_v == pytest.approx(12.0)


def test_truth_is_1000_rows_a_second_on_the_monotonic_clock(profile: ArmProfile, tmp_path: Path) -> None:
    truth = tmp_path / "truth.bin"
    began = time.monotonic()
    with launch_simulated_arm(profile, truth=truth):
        time.sleep(0.3)
    columns, rows = read_truth(truth)
    assert columns[0] == "t_s"
    assert columns[1:8] == tuple(f"q_{name}" for name in profile.joint_names)
    assert columns[8:11] == ("trocar_x_m", "trocar_y_m", "trocar_z_m")
    assert rows.shape[1] == 1 + 7 + 15
    assert np.allclose(np.diff(rows[:, 0]), 0.001, atol=1e-9)
    assert began < rows[0, 0] < rows[-1, 0] < time.monotonic()
    assert np.abs(profile.arm_model.points(rows[-1, 1:8]).ravel() - rows[-1, 8:]).max() <= 1e-9


def test_truth_survives_a_kill_up_to_the_last_block(profile: ArmProfile, tmp_path: Path) -> None:
    truth = tmp_path / "truth.bin"
    with launch_simulated_arm(profile, truth=truth) as simulator:
        time.sleep(0.3)
        killed = time.monotonic()
        simulator.kill()
    _, rows = read_truth(truth)
    assert len(rows) >= 50
    assert np.isfinite(rows).all()
    assert rows[-1, 0] <= killed + 0.01
    data = truth.read_bytes()
    truth.write_bytes(data[:-100])  # a row cut short is left out, not invented
    assert len(read_truth(truth)[1]) == len(rows) - 1


@pytest.mark.parametrize("data", [b"", b"no header", b"{}\n", json.dumps({"primum_truth": 2, "columns": ["t_s"]}).encode() + b"\n"])
def test_a_file_that_is_no_truth_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "truth.bin"
    path.write_bytes(data)
    with pytest.raises(SpecificationError, match=r"truth\.bin"):
        read_truth(path)


def test_a_truth_file_that_cannot_be_written_ends_the_simulator_in_words(profile: ArmProfile) -> None:
    with launch_simulated_arm(profile, truth=Path("/dev/full")) as simulator:
        assert simulator.process.wait(10) == 2


def test_the_process_ends_on_sigterm_with_its_truth_complete_and_its_link_gone(profile: ArmProfile, tmp_path: Path) -> None:
    truth = tmp_path / "truth.bin"
    with launch_simulated_arm(profile, truth=truth) as simulator:
        time.sleep(0.1)
        simulator.process.send_signal(signal.SIGTERM)
        assert simulator.process.wait(5) == 0
        assert not Path(simulator.port).exists()
    assert len(read_truth(truth)[1]) >= 90


@pytest.mark.requirement("SAF-027")
def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom devices import launch_simulated_arm, load_profile\n"
        f"with launch_simulated_arm(load_profile({str(PROFILE)!r}), truth=Path({str(tmp_path / 'truth.bin')!r})) as s:\n"
        "    print(s.process.pid, flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{child}/stat").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            return  # ended; whoever inherited it has not collected it yet
        time.sleep(0.05)
    pytest.fail("the simulated arm outlived its parent")


def test_a_simulator_that_cannot_start_is_a_device_fault_in_its_own_words(profile: ArmProfile, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(PROFILE.read_text().replace("LARGE_NEEDLE_DRIVER:400006", "NEEDLE_DRIVER:400117"))
    with pytest.raises(DeviceFault, match="three-joint wrist"), launch_simulated_arm(load_profile(path)):
        pytest.fail("it started")


def test_an_unknown_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="silnt"):
        Faults.model_validate({"silnt": True})
