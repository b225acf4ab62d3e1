"""SCPI supplies over TCP and a pseudo-terminal, against a simulated instrument and a recorded transcript."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.scpi_line import ScpiLine
from devices.scpi_supply import ScpiCoils, ScpiSupply, ScpiSupplySpec
from devices.simulated_supply import SimulatedSupply, supply_on_pty, supply_on_tcp
from toolkit import CertifiedCommand, DeviceFault, InvalidInput, Verdict

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "scpi_kepco.json").read_text())
SERVERS = {"tcp": supply_on_tcp, "pty": supply_on_pty}


def spec(url: str, **changes: object) -> ScpiSupplySpec:
    right: dict[str, object] = {
        "name": "x", "url": url, "reply_timeout_ms": 80.0, "identity": "KEPCO,BOP", "limit_ma": 5000, "voltage_limit_v": 20.0,
        "setpoint_tolerance_a": 0.002, "readback_tolerance_a": 0.05, "zero_a": 0.02, "patience_s": 0.15, "accepts": ["no_watchdog"],
    }  # fmt: skip
    return ScpiSupplySpec.model_validate({**right, **changes})


def certified(*current_ma: int) -> CertifiedCommand:
    ticks = np.array(current_ma, dtype=np.int64)
    return CertifiedCommand(ticks, ticks[None], Verdict.PASS)


@pytest.fixture
def instrument() -> SimulatedSupply:
    return SimulatedSupply()


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest, instrument: SimulatedSupply) -> Iterator[str]:
    with SERVERS[request.param](instrument) as url:
        yield url


@pytest.fixture
def supply(url: str) -> Iterator[ScpiSupply]:
    supply = ScpiSupply(spec(url))
    supply.connect()
    yield supply
    supply.close()


@contextmanager
def scripted(answer: Callable[[str], bytes]) -> Iterator[str]:
    """A TCP peer that answers each line as told."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    with connection, connection.makefile("rwb", buffering=0) as stream:
                        for line in stream:
                            stream.write(answer(line.decode().strip()))
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"


def test_the_recorded_transcript_of_the_emulator_is_understood() -> None:
    answers = {question: answer for question, answer in VECTORS["transcript"] if answer is not None}
    assert len(answers) == 5
    with scripted(lambda line: answers[line].encode() + b"\n" if line in answers else b"") as url:
        line = ScpiLine(url, 9600, 0.2)
        assert line.query("*IDN?").startswith("KEPCO,BOP")
        assert line.number("CURR?") == 1.25 and line.number("VOLT?") == 10.0 and line.number("OUTP?") == 0
        line.close()


def test_the_simulated_instrument_knows_every_command_of_the_emulator(instrument: SimulatedSupply) -> None:
    for command in VECTORS["commands"]:
        instrument.hear(command.replace("<f>", "1.0").replace("VOLT|CURR", "CURR").replace("0|1", "0").split(" <mode>")[0])
    assert not instrument.errors
    instrument = SimulatedSupply()
    for question, answer in VECTORS["transcript"]:
        if question != "MEAS:CURR?":  # the emulator's does not follow its set-point, as the file says; ours does
            assert instrument.hear(question) == answer


def test_connecting_sets_mode_and_compliance_with_the_output_off(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    assert (instrument.mode, instrument.volt, instrument.is_on) == ("CURR", 20.0, False)
    assert all(instrument.said[k + 1] == "SYST:ERR?" for k, line in enumerate(instrument.said) if "?" not in line)


def test_current_flows_is_read_back_and_ends(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    supply.on()
    supply.set_current(-1.25)
    time.sleep(0.2)
    current, voltage = supply.measure()
    assert current == pytest.approx(-1.25, abs=0.01) and voltage == pytest.approx(-1.25, abs=0.01)
    supply.off()
    assert not instrument.is_on and abs(instrument.flowing()) < 0.02


def test_what_the_instrument_refuses_is_a_fault_with_its_words(url: str, instrument: SimulatedSupply) -> None:
    instrument.limit_a = 1.0
    supply = ScpiSupply(spec(url))
    supply.connect()
    supply.on()
    with pytest.raises(DeviceFault, match=r"CURR 1\.500: refused: -222 Data out of range"):
        supply.set_current(1.5)
    with pytest.raises(DeviceFault, match="-113 Undefined header"):
        supply.line.command("NONSENSE")
    supply.close()


@pytest.mark.parametrize("current", [5.001, -5.001, float("nan"), float("inf")])
def test_over_its_limit_or_not_a_number_nothing_is_sent(supply: ScpiSupply, instrument: SimulatedSupply, current: float) -> None:
    said = len(instrument.said)
    with pytest.raises(DeviceFault, match="is over its limit of 5"):
        supply.set_current(current)
    assert len(instrument.said) == said


def test_a_set_point_that_reads_back_differently_is_a_fault(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    instrument.coarse_a = 0.1
    with pytest.raises(DeviceFault, match=r"CURR 1.260 reads back as 1\.3"):
        supply.set_current(1.26)


def test_a_current_that_does_not_follow_is_a_fault_after_its_patience(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    supply.on()
    supply.set_current(1.0)
    instrument.open_load = True
    supply.measure()
    time.sleep(0.2)
    with pytest.raises(DeviceFault, match=r"0\.0 A flow, 1\.0 A are set"):
        supply.measure()


def test_an_output_that_goes_off_by_itself_is_a_fault(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    supply.on()
    instrument.is_on = False
    with pytest.raises(DeviceFault, match="went off by itself"):
        supply.measure()


def test_an_output_that_does_not_go_off_is_said(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    supply.on()
    instrument.stuck_output = True
    with pytest.raises(DeviceFault, match=r"off not confirmed: OUTP\? is not 0.*switch it off by hand"):
        supply.off()


def test_a_half_open_line_is_a_fault_at_its_deadline_and_asked_no_more(supply: ScpiSupply, instrument: SimulatedSupply) -> None:
    supply.on()
    supply.set_current(1.0)
    instrument.is_silent = True
    with pytest.raises(DeviceFault, match="no answer within 80 ms"):
        supply.measure()
    said = len(instrument.said)
    with pytest.raises(DeviceFault, match=r"not asked: OUTP\?: no answer"):
        supply.measure()
    assert len(instrument.said) == said
    with pytest.raises(DeviceFault, match="off not confirmed"):
        supply.off()
    instrument.is_silent = False
    supply.off()
    assert not instrument.is_on, "on a line opened anew, off works again"


def test_a_late_answer_is_never_taken_for_the_next_ones() -> None:
    """The peer answers CURR? only when it is asked something else."""
    held: list[bytes] = []

    def late(line: str) -> bytes:
        if line == "CURR?":
            held.append(b"4.0\n")
            return b""
        return (held.pop() if held else b"") + b"0.5\n"

    with scripted(late) as url:
        line = ScpiLine(url, 9600, 0.05)
        with pytest.raises(DeviceFault, match=r"CURR\?: no answer"):
            line.number("CURR?")
        with pytest.raises(DeviceFault, match="not asked"):
            line.number("MEAS:CURR?")
        line.reopen()
        held.clear()
        assert line.number("MEAS:CURR?") == 0.5
        line.close()


@pytest.mark.parametrize("answer", [b"NaN\n", b"9.9E37\n", b"inf\n", b"on\n", b"\n", b"\xff\xfe\n", b"1.0"])
def test_an_answer_that_is_no_measured_value_is_a_fault(answer: bytes) -> None:
    with scripted(lambda line: answer) as url:
        line = ScpiLine(url, 9600, 0.05)
        with pytest.raises(DeviceFault):
            line.number("MEAS:CURR?")
        line.close()


def test_two_answers_to_one_question_are_a_fault_at_the_latest_at_the_next() -> None:
    with scripted(lambda line: b"1.0\n2.0\n") as url:
        line = ScpiLine(url, 9600, 0.05)

        def ask_twice() -> None:
            line.number("CURR?")
            time.sleep(0.02)
            line.number("MEAS:CURR?")

        with pytest.raises(DeviceFault, match=r"without being asked|answered with"):
            ask_twice()
        line.close()


def test_an_error_queue_without_an_end_is_a_fault() -> None:
    with scripted(lambda line: b'-350,"Queue overflow"\n') as url:
        line = ScpiLine(url, 9600, 0.1)
        with pytest.raises(DeviceFault, match="does not end"):
            line.errors()
        line.close()


def test_a_peer_that_hangs_up_is_a_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            server.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        line = ScpiLine(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600, 0.2)
        with pytest.raises(DeviceFault):
            line.query("*IDN?")
        line.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identity": "KEYSIGHT"}, "'KEPCO,BOP 50-20,E1234,2.6' answers, 'KEYSIGHT' is expected"),
        ({"identity": "SORENSEN"}, "is expected"),
    ],
)
def test_another_instrument_is_refused(url: str, change: dict[str, object], said: str) -> None:
    with pytest.raises(DeviceFault, match=said):
        ScpiSupply(spec(url, **change)).connect()


def test_an_output_that_is_on_is_not_taken_over(url: str, instrument: SimulatedSupply) -> None:
    instrument.is_on = True
    with pytest.raises(DeviceFault, match="its output is on"):
        ScpiSupply(spec(url)).connect()


def test_without_the_word_no_watchdog_it_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must name no_watchdog"):
        ScpiSupply(spec("loop://", accepts=[]))


@pytest.fixture
def pair() -> Iterator[tuple[ScpiCoils, list[SimulatedSupply]]]:
    instruments = [SimulatedSupply(), SimulatedSupply()]
    with ExitStack() as stack:
        urls = [stack.enter_context(supply_on_tcp(instrument)) for instrument in instruments]
        coils = ScpiCoils([spec(url, name=name) for name, url in zip("ab", urls, strict=True)], step_ma_max=2000)
        coils.connect()
        yield coils, instruments
        coils.close()


def test_several_supplies_are_one_device(pair: tuple[ScpiCoils, list[SimulatedSupply]]) -> None:
    coils, instruments = pair
    with pytest.raises(DeviceFault, match="not armed"):
        coils.write(certified(1, 1))
    coils.arm()
    coils.write(certified(1500, -700))
    time.sleep(0.2)
    assert coils.read()[0] == pytest.approx([1.5, -0.7], abs=0.01)
    with pytest.raises(InvalidInput, match="only a CertifiedCommand"):
        coils.write(np.array([1, 1]))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="3 currents for 2"):
        coils.write(certified(1, 1, 1))
    with pytest.raises(DeviceFault, match="2000 since the last write"):
        coils.write(certified(-501, 0))
    coils.off()
    assert not any(instrument.is_on for instrument in instruments)


def test_every_supply_goes_off_even_if_one_is_lost(pair: tuple[ScpiCoils, list[SimulatedSupply]]) -> None:
    coils, (lost, other) = pair
    coils.arm()
    coils.write(certified(1000, 1000))
    lost.is_silent = True
    with pytest.raises(DeviceFault, match="no answer"):
        coils.write(certified(900, 900))
    with pytest.raises(DeviceFault, match="a fault came before"):
        coils.write(certified(900, 900))
    with pytest.raises(DeviceFault, match="a: off not confirmed") as caught:
        coils.off()
    assert "b:" not in str(caught.value) and not other.is_on


def test_leaving_the_context_takes_every_current_off(pair: tuple[ScpiCoils, list[SimulatedSupply]]) -> None:
    coils, instruments = pair
    with pytest.raises(KeyError), coils:
        coils.arm()
        coils.write(certified(1000, 1000))
        raise KeyError("something of the caller's")
    assert not any(instrument.is_on for instrument in instruments)
