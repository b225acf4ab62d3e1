"""A procedure file that is wrong gives one error naming file, line, field, value and what is allowed; never another exception."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import SpecificationError
from toolkit.procedure import Procedure, load_procedure

VALID = Path(__file__).parent / "valid.yaml"
TEXT = VALID.read_text()


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert TEXT.count(old) == 1, f"{old!r} stands {TEXT.count(old)} times in the valid file"
    path = tmp_path / "procedure.yaml"
    path.write_text(TEXT.replace(old, new))
    return path


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


def test_the_valid_file_is_valid_and_keeps_its_text_and_lines() -> None:
    procedure = load_procedure(VALID)
    assert procedure.text == TEXT
    assert procedure.locate("constraints", 1, "radius_m") == line_of(TEXT, "radius_m: 0.004")
    assert procedure.locate("steps", 4, "wait", "duration_s") == line_of(TEXT, "duration_s: 0.5")
    assert procedure.locate("steps", 4, "wait", "no such field") == line_of(TEXT, "- wait")
    assert (
        str(procedure.error("is bad", "constraints", 1, "radius_m"))
        == f"{VALID}:{line_of(TEXT, 'radius_m')}: constraints[vessel].radius_m: is bad"
    )


def test_core_schema_numbers_without_a_point_are_numbers() -> None:
    assert load_procedure(VALID).assumptions.A6.float_error_m == 1e-9


# (what is written, what is put there, field, value as shown, what the message must say is allowed)
MISTAKES = [
    ("radius_m: 0.004", "radius_m: 4", "constraints[vessel].radius_m", "4", "did you mean 4 mm (0.004 m)? allowed is ]0, 0.3] m"),
    ("radius_m: 0.004", "radius_m: .nan", "constraints[vessel].radius_m", "nan", "not finite: allowed is ]0, 0.3] m"),
    ("radius_m: 0.004", "radius_m: .inf", "constraints[vessel].radius_m", "inf", "not finite: allowed is ]0, 0.3] m"),
    ("radius_m: 0.004", "radius_m: -0.004", "constraints[vessel].radius_m", "-0.004", "allowed is ]0, 0.3] m"),
    ("radius_m: 0.004", "radius_m: 0", "constraints[vessel].radius_m", "0", "allowed is ]0, 0.3] m"),
    ("radius_m: 0.004", 'radius_m: "0.004"', "constraints[vessel].radius_m", "'0.004'", "not a number"),
    ("radius_m: 0.004", "radius_m: true", "constraints[vessel].radius_m", "True", "not a number"),
    ("radius_m: 0.004", "radius_m: null", "constraints[vessel].radius_m", "None", "not a number"),
    ("radius_m: 0.004", "radus_m: 0.004", "constraints[vessel].radus_m", "0.004", "did you mean 'radius_m'?"),
    ("radius_m: 0.004", "{radius_m: 0.004", "", "", "not YAML"),
    ("keep_out_capsule", "keep_out_capsul", "constraints[vessel].type", "'keep_out_capsul'", "did you mean 'keep_out_capsule'?"),
    ("[0.03, 0.02, -0.12]", "[0.03, 0.02]", "constraints[vessel].end_B_m[2]", "missing", "[-1, 1] m"),
    ("[0.03, 0.02, -0.12]", "[0.03, 0.02, -0.12, 0.0]", "constraints[vessel].end_B_m", "[0.03, 0.02, -0.12, 0.0]", "4 items: at most 3"),
    ("[0.03, 0.02, -0.12]", "[30, 20, -120]", "constraints[vessel].end_B_m[0]", "30", "did you mean 30 mm (0.03 m)?"),
    ("[0.03, 0.02, -0.12]", "[-0.03, 0.02, -0.12]", "constraints[vessel].end_B_m", "[-0.03, 0.02, -0.12]", "no length"),
    ("hidden_from_controller: true", "hidden_from_controller: 1", "constraints[vessel].hidden_from_controller", "1", "boolean"),
    ("hidden_from_controller: true", "prove: contained", "constraints[vessel].prove", "'contained'", "only 'unreachable' can be asked"),
    ("hidden_from_controller: true", "prove: maybe", "constraints[vessel].prove", "'maybe'", "'unreachable' or 'contained'"),
    ("[wrist, jaw_1, jaw_2]", "[wrist, jaw_1, wrist]", "constraints[vessel].bodies[2]", "'wrist'", "named twice"),
    ("[wrist, jaw_1, jaw_2]", "[]", "constraints[vessel].bodies", "[]", "at least 1"),
    ("limit_m_s: 0.05", "limit_m_s: 50", "constraints[tip_speed].limit_m_s", "50", "did you mean 50 mm/s (0.05 m/s)?"),
    ("limit_m_s2: 1.0", "limit_m_s2: 1000", "constraints[tip_acceleration].limit_m_s2", "1000", "did you mean 1000 mm/s^2 (1 m/s^2)?"),
    ("wrist_past_rcm_m: 0.045", "wrist_past_rcm_m: 45", "constraints[insertion].wrist_past_rcm_m", "45", "did you mean 45 mm"),
    ("limit_m: 0.001", "limit_m: 0.021", "constraints[rcm].limit_m", "0.021", "allowed is ]0, 0.02] m"),
    ("name: tip_speed", "name: vessel", "constraints[vessel].name", "'vessel'", "names are unique"),
    ("yaw_rad: 0.0, pitch", "yaw_rad: 45, pitch", "joint_positions.home.yaw_rad", "45", "did you mean 45 degrees (0.785398 rad)?"),
    ("insertion_m: 0.12", "insertion: 0.12", "joint_positions.home.insertion", "0.12", "no unit"),
    ("stage_s: 0.02", "stage_s: 20", "controller.stage_s", "20", "did you mean 20 ms (0.02 s)?"),
    ("horizon_stages: 20", "horizon_stages: 20.0", "controller.horizon_stages", "20.0", "not a whole number"),
    ("losses_max: 2", "losses_max: 50", "assumptions.A2.losses_max", "50", "[0, 49], or from_profile"),
    ("behind_max: from_profile", "behind_max: 2", "assumptions.A2.losses_max", "2", "allowed is [0, 1]"),
    ("tube: from_profile", "tube: 0.001", "assumptions.A1.tube", "0.001", "from_profile"),
    ("calibrated: 2026-11-01", "calibrated: 2026-13-01", "assumptions.A5.calibrated", "'2026-13-01'", "YYYY-MM-DD"),
    ("age_s_max: 0.010, ", "", "assumptions.A4.age_s_max", "missing", "number in ]0, 0.1] s"),
    ("normal_B: [0.0, 1.0, 0.0]", "normal_B: [0.0, 2.0, 0.0]", "constraints[abdomen].half_spaces[2].normal_B[1]", "2.0", "[-1, 1]"),
    (
        "normal_B: [0.0, 1.0, 0.0]",
        "normal_B: [0.6, 0.6, 0.0]",
        "constraints[abdomen].half_spaces[2].normal_B",
        "[0.6, 0.6, 0.0]",
        "did you mean",
    ),
    ("[0.05, 0.04, -0.1]", "[0.04, 0.045, -0.1]", "constraints[nerve].vertices_B_m", "[[", "must span a volume"),
    ("- home: {speed_ratio: 0.2}", "- hoem: {speed_ratio: 0.2}", "steps[1]", "{'hoem'", "did you mean 'home'?"),
    ("- home: {speed_ratio: 0.2}", "- {home: {}, wait: {duration_s: 1}}", "steps[1]", "{'home'", "not a step"),
    ("- home: {speed_ratio: 0.2}", "- move_jp: {to: hom}", "steps[1].move_jp.to", "'hom'", "['home']"),
    ("- home: {speed_ratio: 0.2}", "- disable: {}", "steps[1]", "'disable'", "each exactly once"),
    ("  - enable: {}\n", "", "steps[0]", "'home'", "the first step is enable"),
    ("  - disable: {}\n", "", "steps[4]", "'wait'", "the last step is disable"),
    (
        "-0.11], speed_m_s: 0.02",
        "-0.11], speed_m_s: 0.06",
        "steps[2].move_cp.speed_m_s",
        "0.06",
        "constraint tip_speed allows: ]0, 0.05] m/s",
    ),
    ("-0.11], speed_m_s: 0.02", "-110], speed_m_s: 0.02", "steps[2].move_cp.position_B_m[2]", "-110", "did you mean -110 mm (-0.11 m)?"),
    ("from_s: 0.1", "from_s: 0.1005", "steps[3].servo_path.recording.from_s", "0.1005", "a multiple of 1 / rate_hz = 0.001 s"),
    ("to_s: 0.9", "to_s: 0.05", "steps[3].servo_path.recording.to_s", "0.05", "from_s < to_s"),
    ("unit: um", "unit: inch", "steps[3].servo_path.recording.unit", "'inch'", "'m', 'mm' or 'um'"),
    ("scale: 0.3333333333333333", "scale: 1e-6", "steps[3].servo_path.scale", "1e-06", "[0.001, 10]"),
    ("[0, 1, 0]", "[0, 0.9, 0]", "steps[3].servo_path.to_B.rotation_BD", "[[1.0", "not a rotation"),
    ("[0, 0, 1]", "[0, 0, -1]", "steps[3].servo_path.to_B.rotation_BD", "[[1.0", "reflection"),
    ("primum: 1\n", "primum: 2\n", "primum", "2", "should be 1"),
    ("duration_s: 0.5", "duration_s: 0.5, duration_s: 0.6", "steps.4.wait.duration_s", "'duration_s'", "stated twice, first on line"),
    ("title: A", "title: !!python/name:os.system A", "title", "tag:yaml.org", "tags are not used"),
    ("  - disable: {}", "\t- disable: {}", "", "", "tabs"),
]


@pytest.mark.requirement("WSP-015")
@pytest.mark.parametrize(
    ("old", "new", "field", "value", "allowed"), MISTAKES, ids=[m[1].strip()[:40] or f"no {m[0].strip()}" for m in MISTAKES]
)
def test_a_mistake_is_named_with_file_line_field_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, field: str, value: str, allowed: str
) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(SpecificationError) as caught:
        load_procedure(path)
    lines = str(caught.value).splitlines()
    assert all(re.match(rf"{re.escape(str(path))}:\d+: ", line) for line in lines)
    mine = [line for line in lines if f": {field}: {value}" in line] if field else lines[:1]
    assert mine, lines
    assert allowed in mine[0]
    if field and new and "\n" not in old:
        stated = int(mine[0].removeprefix(f"{path}:").split(":")[0])
        assert abs(stated - line_of(TEXT, old)) <= 6, "the line is that of the field, or of the part that lacks it"


@pytest.mark.requirement("WSP-015")
def test_every_problem_is_listed_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "procedure.yaml"
    path.write_text(TEXT.replace("radius_m: 0.004", "radius_m: 4").replace("watchdog_ms: 20", "watchdog_ms: .nan").replace("unit: um", ""))
    with pytest.raises(SpecificationError) as caught:
        load_procedure(path)
    fields = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert fields == ["constraints[vessel].radius_m", "assumptions.A3.watchdog_ms", "steps[3].servo_path.recording.unit"]
    assert caught.value.line == line_of(TEXT, "radius_m")


@pytest.mark.requirement("WSP-017")
@pytest.mark.parametrize("missing", ["A1", "A2", "A3", "A4", "A5", "A6", "A7"])
def test_no_assumption_may_be_left_out(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "procedure.yaml"
    path.write_text("\n".join(line for line in TEXT.splitlines() if not line.strip().startswith(f"{missing}:")) + "\n")
    with pytest.raises(SpecificationError, match=f"assumptions.{missing}: missing: required"):
        load_procedure(path)


@pytest.mark.requirement("WSP-001")
def test_a_procedure_without_joint_limits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="no joint_limits"):
        load_procedure(edited(tmp_path, "  - {name: joint_limits, type: joint_limits}\n", ""))


def test_a_path_whose_start_is_unknown_needs_an_approach_speed(tmp_path: Path) -> None:
    path = tmp_path / "procedure.yaml"
    path.write_text(TEXT.replace("      approach_speed_m_s: 0.02\n", ""))
    assert load_procedure(path).move_before(3) is not None
    lines = [line for line in TEXT.splitlines() if "approach_speed" not in line and "move_cp" not in line]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(SpecificationError, match=r"steps\[2\].servo_path: .* state approach_speed_m_s"):
        load_procedure(path)


def test_a_missing_file_is_one_error() -> None:
    with pytest.raises(SpecificationError, match=r"^nowhere/procedure.yaml: cannot be read: No such file"):
        load_procedure("nowhere/procedure.yaml")


def paths_of(data: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [here, *(path for key, child in children for path in paths_of(child, (*here, key)))]


DATA = yaml.safe_load(TEXT.replace("calibrated: 2026-11-01", 'calibrated: "2026-11-01"').replace("1e-", "1.0e-"))
PLACES = [path for path in paths_of(DATA) if path]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.just(10**400),
    st.sampled_from(["from_profile", "keep_in_box", "m", "home", ""]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=5
)


@pytest.mark.requirement("CYB-001")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(PLACES),
    change=st.sampled_from(["delete", "replace", "insert", "move"]),
    value=VALUES,
    other=st.sampled_from(PLACES),
)
def test_a_mutated_file_is_a_procedure_or_a_specification_error(
    tmp_path: Path, place: tuple[str | int, ...], change: str, value: object, other: tuple[str | int, ...]
) -> None:
    data = copy.deepcopy(DATA)
    parent = data
    for key in place[:-1]:
        parent = parent[key]
    if change == "delete":
        del parent[place[-1]]
    elif change == "replace":
        parent[place[-1]] = value
    elif change == "insert" and isinstance(parent, dict):
        parent["unknown"] = value
    else:
        source = DATA
        for key in other:
            source = source[key]
        parent[place[-1]] = copy.deepcopy(source)
    path = tmp_path / "mutated.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    try:
        assert isinstance(load_procedure(path), Procedure)
    except SpecificationError as error:
        assert all(line.startswith(str(path)) for line in str(error).splitlines())


@pytest.mark.requirement("CYB-001")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, len(TEXT)), length=st.integers(0, 30), junk=st.text(max_size=8) | st.binary(max_size=4))
def test_a_file_with_damaged_bytes_is_a_procedure_or_a_specification_error(
    tmp_path: Path, start: int, length: int, junk: str | bytes
) -> None:
    middle = junk if isinstance(junk, bytes) else junk.encode("utf-8", "surrogatepass")
    path = tmp_path / "damaged.yaml"
    path.write_bytes(TEXT[:start].encode() + middle + TEXT[start + length :].encode())
    try:
        load_procedure(path)
    except SpecificationError as error:
        assert str(error).startswith(str(path))


# A limit that is read and not enforced would be worse than none: there is no rule for force in this version.
FORCES = [
    ("- {name: joint_limits, type", "- {name: f, type: force, limit_n: 2.0}\n  - {name: joint_limits, type", "force"),
    ("limit_m_s: 0.05", "limit_m_s: 0.05, force_n_max: 2.0", "force_n_max"),
    ("- home: {speed_ratio: 0.2}", "- touch: {force_n_max: 2.0}", "touch"),
    ("  A7: {", "  A8: {force_profile: soft_tissue, statement: Ten letters at least.}\n  A7: {", "A8"),
    ("title: ", "force_profile: soft_tissue\ntitle: ", "force_profile"),
]


@pytest.mark.requirement("FRC-001")
@pytest.mark.parametrize(("old", "new", "word"), FORCES, ids=[word for *_, word in FORCES])
def test_a_procedure_that_asks_for_a_force_does_not_load(old: str, new: str, word: str, tmp_path: Path) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(SpecificationError, match=rf"procedure\.yaml:{line_of(path.read_text(), word)}: .*{word}"):
        load_procedure(path)
