"""Coil profiles: what they say, and what they are refused for."""

from pathlib import Path

import pytest

from devices.coil_profile import load_coil_profile
from toolkit import DeviceFault, SpecificationError

PROFILE = Path(__file__).parents[2] / "examples" / "profiles" / "octomag_coils_sim" / "profile.yaml"
TEXT = PROFILE.read_text(encoding="utf-8")


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in TEXT
    path = tmp_path / "profile.yaml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    return path


def lab(accepts: str, extra: str = "") -> str:
    return (
        "primum_coil_profile: 1\nname: bench\nprotocol: serial_transfer_11\n"
        "connection: {url: /dev/ttyACM0, baud_bits_per_s: 115200, reply_timeout_ms: 20, read_retries: 0}\n"
        f"accepts: {accepts}\nstep_ma_max: 1000\n{extra}"
        "coils:\n"
        "  - {name: x, limit_ma: 1000, resistance_ohm_20c: 1.0, resistance_tolerance: 0.1, inductance_h: 0.001, temperature_c_max: 80}\n"
    )


def test_the_example_profile_loads() -> None:
    profile = load_coil_profile(PROFILE)
    assert profile.n == 8 and profile.limit_ma.tolist() == [12000] * 8
    assert profile.coils[0].resistance_ohm(70.0) == pytest.approx(0.9 * (1 + 0.00393 * 50))
    with pytest.raises(DeviceFault, match="simulated"):
        profile.require_port()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("outcome: zero", "outcome: hold", r":7: watchdog.outcome: 'hold': Input should be 'zero' or 'freeze'"),
        ("watchdog: {time_ms: 100, outcome: zero}", "watchdog: {time_ms: 100}", "watchdog.outcome"),
        ("watchdog: {time_ms: 100, outcome: zero}", "", "watchdog, readback and selftest must be stated"),
        ("step_ma_max: 4000", "step_ma_max: .nan", "step_ma_max"),
        ("name: coil_2", "name: coil_1", "coil names must differ"),
        ("current_ma: 1000", "current_ma: 13000", "over the limit of a coil"),
        ("url: simulated", "url: /dev/ttyACM0", "exactly when there is a `simulator`"),
        ("protocol: primum_coil_1", "protocol: primum_coil_1\naccepts: [no_watchdog]", "nothing to accept"),
        ("temperature_c_max: 80", "temperature_c_max: .inf", "temperature_c_max"),
        ("resistance_ohm_20c: 0.90", "resistance_ohm_20c: 0", "resistance_ohm_20c"),
    ],
)
def test_a_profile_that_cannot_be_right_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SpecificationError, match=said) as caught:
        load_coil_profile(changed(tmp_path, old, new))
    assert "profile.yaml" in str(caught.value)


@pytest.mark.parametrize("accepts", ["[]", "[no_watchdog]", "[no_readback]"])
def test_firmware_without_a_watchdog_is_refused_unless_that_is_accepted_by_name(tmp_path: Path, accepts: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(lab(accepts), encoding="utf-8")
    with pytest.raises(SpecificationError, match="keeps its last command for ever when its host dies"):
        load_coil_profile(path)


def test_accepted_by_name_it_loads_and_cannot_pretend_to_a_watchdog(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(lab("[no_watchdog, no_readback]"), encoding="utf-8")
    assert load_coil_profile(path).watchdog is None
    path.write_text(lab("[no_watchdog, no_readback]", "watchdog: {time_ms: 100, outcome: zero}\n"), encoding="utf-8")
    with pytest.raises(SpecificationError, match="has no watchdog"):
        load_coil_profile(path)
