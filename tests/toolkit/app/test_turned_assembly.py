"""What a swimmer's and a roller's procedure may not say: refused with file, line, field, value and what is allowed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from toolkit import SpecificationError
from toolkit.app.robot_kind import assemble, authority_of, world_of
from toolkit.app.robot_world import load_world

PROCEDURES = Path(__file__).parents[3] / "examples" / "procedures"
SWIMMER, ROLLER = (
    (PROCEDURES / name).read_text().replace("../", f"{PROCEDURES.parent}/") for name in ("helix_swimmer.yaml", "cellbot_roller.yaml")
)
SWIMMER_MISTAKES = [
    ("pitch_m: 500.0e-6", "pitch_m: 500", r"helix\.pitch_m: 500: implausible: did you mean 500 um"),
    ("filament_radius_m: 40.0e-6", "filament_radius_m: 400.0e-6", r"helix: filament_radius_m"),
    ("handedness: right", "handedness: up", r"helix\.handedness: 'up'"),
    ("moment_A_m2: 1.0e-7", "moment_A_m2: 0", r"helix\.moment_A_m2: 0: outside the range"),
    (
        "upper_m: [4.5e-3, 3.2e-3, 3.0e-3]",
        "upper_m: [4.5e-3, -4.0e-3, 3.0e-3]",
        r"chamber\.upper_m\[1\]: -0\.004: y: allowed: above lower_m, -0\.0032",
    ),
    ("-2.0e-3], upper", "-1.6e-3], upper", r"path: the robot does not fit between the walls"),
    ("turn_s: 60", "turn_s: 1", r"path: 0\.\d+ m/s along the path: allowed: at most B3\.speed_m_s, 0\.003 m/s"),
    ("half_width_m: 2.0e-3", "half_width_m: 20.0e-3", r"path: .*(outside the calibrated workspace|does not fit)"),
    ("turns: 1", "turns: 0", r"turns: 0: "),
    ("rows: 192}\n    - ", "rows: 20}\n    - ", r"cameras\.views\[0\]: the robot at .* is not whole"),
    ("B7: {step_out_share: 0.85", "B7: {step_out_share: 8.5", r"B7\.step_out_share: 8\.5: outside the range"),
    ("kind: microrobot_swimmer", "kind: microrobot_swimer", r"did you mean 'microrobot_swimmer'"),
    ("end: currents_to_zero_robot_sinks", "end: currents_to_zero_robot_rests_on_the_floor", r"outcomes\.end: .*Input should be"),
]
ROLLER_MISTAKES = [
    ("slip: 0.3\n", "slip: 3\n", r"roller\.slip: 3: outside the range"),
    ("density_kg_m3: 1500", "density_kg_m3: 900", r"roller: .*does not press the sphere to the wall"),
    (
        "start_m: [0.0, 0.0, -0.8e-3]",
        "start_m: [0.0, 0.0, 0.0]",
        r"recorded\.start_m\[2\]: 0\.0: allowed: its centre when it lies on the floor, -0\.0008 m",
    ),
    ("to_s: 120", "to_s: 60.5", r"recorded\.to_s: 60\.5: allowed: at least two steps of every_s after from_s, 60\.8 s"),
    ("to_s: 120", "to_s: 5000", r"recorded: nothing was recorded about 50\d\.\d+ s: the recording ends at 502"),
    ("from_s: 60\n    to_s: 120", "from_s: 215\n    to_s: 222", r"path: .*(along the path|fit|workspace)"),
    ("cellbot_openloop_robot1", "nothing", r"nothing\.csv\.gz: cannot be read"),
    ("scale_m_px: 6.0e-6", "scale_m_px: 60.0e-6", r"path: .*(workspace|does not fit|along the path)"),
    ("end: currents_to_zero_robot_rests_on_the_floor", "end: currents_to_zero_robot_sinks", r"outcomes\.end: .*Input should be"),
    ("  slip: 0.276", "  slop: 0.276", r"simulator\.(slop|slip)"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "says"), [(SWIMMER, *m) for m in SWIMMER_MISTAKES] + [(ROLLER, *m) for m in ROLLER_MISTAKES]
)  # fmt: skip
def test_a_mistake_is_refused_where_it_stands(tmp_path: Path, text: str, old: str, new: str, says: str) -> None:
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SpecificationError, match=says) as refused:
        assemble(path)
    if "cannot be read" not in says:
        assert str(refused.value).startswith(f"{path}:")


@pytest.mark.requirement("MAG-006")
@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (SWIMMER, "share: 0.7}", "share: 0.95}", "R1: in step up to"),
        (SWIMMER, "viscosity_Pa_s: 0.1", "viscosity_Pa_s: 9.0", "R1: it swims off a wall with"),
        (SWIMMER, "-2.0e-3], upper", "-1.76e-3], upper", "R2: .* too near to a wall"),
        (SWIMMER, "field_T: 0.012", "field_T: 0.0081", "R1: .*the field may be"),
        (ROLLER, "share: 0.7}", "share: 0.95}", "R1: in step up to"),
        (ROLLER, "lower_m: [-3.0e-3", "lower_m: [-0.6e-3", "R2: .* too near to a wall"),
    ],
)
def test_coils_without_authority_over_a_turning_robot_are_refused_with_the_number(
    tmp_path: Path, text: str, old: str, new: str, says: str
) -> None:
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SpecificationError, match=says):
        authority_of(assemble(path))


@pytest.mark.parametrize("name", ["helix_swimmer.yaml", "cellbot_roller.yaml"])
def test_the_examples_have_authority_and_a_world_that_comes_back_from_its_file(tmp_path: Path, name: str) -> None:
    assembly = assemble(PROCEDURES / name)
    assert set(authority_of(assembly)) == {"R1", "R2", "R3"}
    world = world_of(assembly)
    (tmp_path / "world.json").write_text(world.model_dump_json())
    assert load_world(tmp_path / "world.json") == world
    start = assembly.path(np.zeros(1))[0][0]
    assert np.array_equal(np.array(world.start_m), start) and assembly.walls.depth_m(start) > assembly.reach_m


@pytest.mark.parametrize(
    ("words", "allowed"), [(("selftest",), "selftest"), (("verify", "--out", "proofs"), "an arm's procedure, which has no kind")]
)
def test_a_command_that_is_given_another_kind_says_so_in_one_sentence(
    primum: Callable[..., tuple[int, str, str]], words: tuple[str, ...], allowed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = primum(words[0], PROCEDURES / "helix_swimmer.yaml", *words[1:])
    assert code == 2 and f"helix_swimmer.yaml:3: kind: 'microrobot_swimmer': not what this command takes: allowed: {allowed}" in err
    assert len(err.strip().splitlines()) == 1 and list(tmp_path.iterdir()) == []
