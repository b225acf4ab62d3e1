"""Model, limits, tick map and command class from the files of a procedure: the same as the toolkit's, and refused when anything is odd."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.app.assembly import Assembly, assemble
from toolkit.app.proof_inputs import chain_inputs, render_inputs
from toolkit.models import load_arm
from toolkit.models.dvrk_file import ToolIndex
from toolkit.models.instrument import dvrk_folder, load_instrument
from toolkit.models.json_file import load_json
from verification.checker.model import model_of
from verification.checker.problem import commands_of, problem_of
from verification.checker.strict_json import RejectedError

EXAMPLE = Path(__file__).parents[3] / "examples" / "procedures" / "psm_trace.yaml"
Inputs = dict[str, bytes]


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return assemble(EXAMPLE)


@pytest.fixture(scope="module")
def inputs(assembly: Assembly) -> Inputs:
    return render_inputs(assembly)


def edited(inputs: Inputs, role: str, edit: Callable[[Any], object]) -> Inputs:
    data = json.loads(inputs[role])
    edit(data)
    return {**inputs, role: json.dumps(data).encode()}


def test_limits_grown_by_e_are_those_of_the_run(assembly: Assembly, inputs: Inputs) -> None:
    problem = problem_of(inputs)
    for (low, high), lower, upper, e in zip(problem.limits, assembly.lower, assembly.upper, assembly.tube.e, strict=True):
        assert abs(float(low.p) / float(low.q) - (lower - e)) <= 1e-15 and abs(float(high.p) / float(high.q) - (upper + e)) <= 1e-15


def test_command_class_and_tick_map_are_those_of_the_run(assembly: Assembly, inputs: Inputs) -> None:
    commands = commands_of(problem_of(inputs))
    assert commands.v_ticks == assembly.profile.command_class.v_ticks.tolist()
    tick = assembly.profile.tick_map.abs_M.sum(axis=1)
    assert np.allclose([float(x.p) / float(x.q) for x in commands.tick], tick, rtol=1e-14)


@pytest.mark.parametrize("reference", ["LARGE_NEEDLE_DRIVER:400006", "PROGRASP_FORCEPS:400093", "PERMANENT_CAUTERY_HOOK:400183"])
def test_dvrk_files_of_an_instrument_make_the_toolkit_s_arm(inputs: Inputs, reference: str) -> None:
    arm = load_arm("psm_classic", reference)
    files = {**inputs, "tool": load_instrument(reference, "Classic").path.read_bytes()}
    _compare(arm, files, "psm_classic", reference)


def test_every_instrument_s_file_is_read_as_the_toolkit_reads_it_or_refused(inputs: Inputs) -> None:
    index = load_json(dvrk_folder() / "tool" / "index.json", ToolIndex)
    read = 0
    for entry in index.instruments:
        arm_name, generation = ("psm_classic", "Classic") if entry.generation == "Classic" else ("psm_si", "Si")
        version = "" if entry.version_min is None and entry.version_max is None else f"[{entry.version_min or entry.version_max}]"
        reference = f"{entry.names[0]}:{entry.model}{version}"
        kinematic = dvrk_folder() / "kinematic" / ("PSM.json" if generation == "Classic" else "PSM_Si.json")
        files = {**inputs, "arm": kinematic.read_bytes(), "tool": (dvrk_folder() / "tool" / entry.file).read_bytes()}
        try:
            arm = load_arm(arm_name, reference)
        except Exception:
            with pytest.raises((RejectedError, KeyError)):
                model_of(files, arm_name, reference)
            continue
        _compare(arm, files, arm_name, reference)
        read += 1
    assert read >= 30


def _compare(arm: Any, files: Inputs, name: str, reference: str) -> None:
    model = model_of(files, name, reference)
    assert model.names == arm.joint_names and set(model.points) == set(arm.point_names)
    assert model.bodies == {body.name: (body.points, body.radius_m) for body in arm.bodies}
    assert model.limits == tuple(zip(arm.limits.lower.tolist(), arm.limits.upper.tolist(), strict=True))
    assert np.allclose(np.array(model.coupling), arm.coupling)
    for q in np.random.default_rng(0).uniform(arm.limits.lower, arm.limits.upper, (3, arm.n)):
        for point, expected in zip(arm.point_names, arm.points(q), strict=True):
            found = model.points[point].at([(float(x), float(x)) for x in q])
            assert np.abs([float(x.mid()) for x in found.entries()] - expected).max() <= 1e-12


@pytest.mark.parametrize(
    ("role", "edit"),
    [
        ("profile", lambda d: d["joints"].reverse()),
        ("profile", lambda d: d.update(arm={"model": "psm_si", "instrument": "LARGE_NEEDLE_DRIVER:420006[1]"})),
        ("profile", lambda d: d["joints"][0].update(lower_rad=2.0)),
        ("profile", lambda d: d["joints"][0].update(type="prismatic")),
        ("profile", lambda d: d["joints"][0].update(lower_rad="-1")),
        ("profile", lambda d: d["joints"].pop()),
        ("profile", lambda d: d.pop("joints")),
        ("tube", lambda d: d["e"].pop()),
        ("tube", lambda d: d["e"].__setitem__(0, -1e-3)),
        ("tube", lambda d: d["e"].__setitem__(0, True)),
        ("tube", lambda d: d.update(device="other")),
        ("tube", lambda d: d["units"].reverse()),
        ("procedure", lambda d: d["constraints"].append(d["constraints"][0])),
        ("procedure", lambda d: d.update(constraints={})),
        ("sizes", lambda d: d.update(version=2)),
        ("sizes", lambda d: d["common"].pop("shaft_radius_m")),
        ("sizes", lambda d: d["tips"]["006"]["jaw_length_m"].update(value=-0.01)),
        ("published_limits", lambda d: d["arms"]["psm_classic"]["joints"].update(yaw=[1.0])),
        ("published_limits", lambda d: d["arms"]["psm_classic"]["joints"].update(yaw=[3.0, -3.0])),
    ],
)
def test_inputs_that_do_not_fit_together_are_rejected(inputs: Inputs, role: str, edit: Callable[[Any], object]) -> None:
    with pytest.raises(RejectedError):
        problem_of(edited(inputs, role, edit))


@pytest.mark.parametrize(
    ("role", "edit"),
    [
        ("shield", lambda d: d["M"][0].__setitem__(0, (1e-5).hex())),
        ("shield", lambda d: d["M"][0].__setitem__(1, (1e-9).hex())),
        ("shield", lambda d: d["v_ticks"].__setitem__(0, 146)),
        ("shield", lambda d: d["v_ticks"].__setitem__(0, 147.0)),
        ("shield", lambda d: d["a_ticks"].__setitem__(3, 8)),
        ("shield", lambda d: d["ticks_zero"].__setitem__(0, 2049)),
        ("shield", lambda d: d.update(n_max=81)),
        ("shield", lambda d: d.update(brake_m_s2=(0.0).hex())),
        ("shield", lambda d: d.update(misses_max=0)),
        ("shield", lambda d: d.update(extra=1)),
        ("profile", lambda d: d["servos"][0].update(direction=2)),
        ("profile", lambda d: d["servos"][0].update(gear_rad_per_rad=56.6)),
        ("profile", lambda d: d["servos"][0].update(gear_rad_per_m=56.5)),
        ("profile", lambda d: d["timing"].update(period_ms=4.0)),
        ("profile", lambda d: d["joints"][0].update(rate_rad_per_s=1.0)),
    ],
)
def test_a_shield_that_profile_and_tool_do_not_lead_to_is_rejected(inputs: Inputs, role: str, edit: Callable[[Any], object]) -> None:
    with pytest.raises(RejectedError):
        commands_of(problem_of(edited(inputs, role, edit)))


def test_dvrk_files_that_are_no_psm_are_rejected(inputs: Inputs) -> None:
    ecm = (dvrk_folder() / "kinematic" / "ECM.json").read_bytes()
    snake = next(path for path in (dvrk_folder() / "tool").glob("*.json") if b'"snake-like"' in path.read_bytes())
    edits = [("-0.4318", "-4318.0"), ("modified", "standard"), ("prismatic", "revolute"), ("active", "passive")]
    wrong = [{**inputs, "arm": ecm}, {**inputs, "tool": snake.read_bytes()}]
    wrong += [{**inputs, "arm": inputs["arm"].replace(a.encode(), b.encode())} for a, b in edits]
    wrong += [{**inputs, "arm": re.sub(rb'"A":  0.0000', b'"A":  0.0100', inputs["arm"], count=1)}]
    for files in wrong:
        with pytest.raises(RejectedError):
            problem_of(files)


@pytest.mark.parametrize("roles", [("chain",), ("shield",), ("tube", "shield"), ("arm",), ("arm", "tool", "sizes", "published_limits")])
def test_an_incomplete_set_of_inputs_is_rejected(inputs: Inputs, roles: tuple[str, ...]) -> None:
    files = {role: data for role, data in inputs.items() if role not in roles}
    if "chain" in roles:
        files = {**inputs, "chain": load_arm("psm_classic").canonical.encode()}
    for wrong in (files, {**inputs, "nonsense": b"{}"}, {**inputs, "tape_": b""}):
        with pytest.raises(RejectedError):
            problem_of(wrong)


@pytest.mark.parametrize(
    ("old", "new"),
    [("serial-arm/1", "serial-arm/2"), ("revolute", "helical"), ("jaw_1 6", "jaw_1 9"), ("shaft trocar wrist", "shaft trocar wrist2"),
     (" 0x1.0000000000000p+0", " nan"), ("\nshaft trocar", "\n shaft trocar"), ("yaw", "y\u0430w"),
     ("insertion prismatic 2", "insertion prismatic 7")],
)  # fmt: skip
def test_a_chain_that_is_not_understood_is_rejected(old: str, new: str) -> None:
    arm = load_arm("psm_classic")
    files = chain_inputs(arm, [1e-3] * arm.n, [])
    text = files["chain"].decode()
    assert old in text
    with pytest.raises(RejectedError):
        problem_of({**files, "chain": text.replace(old, new, 1).encode()})


def test_a_body_of_negative_thickness_is_rejected() -> None:
    arm = load_arm("panda")
    files = chain_inputs(arm, [1e-3] * arm.n, [])
    radius = arm.bodies[0].radius_m.hex()
    with pytest.raises(RejectedError, match="thickness"):
        problem_of({**files, "chain": files["chain"].replace(radius.encode(), f"-{radius}".encode(), 1)})
