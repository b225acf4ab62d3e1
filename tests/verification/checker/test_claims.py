"""Single certificates: what is true is accepted, what is a hair too much is not."""

import base64
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import casadi as ca
import numpy as np
import pytest

from toolkit.app.assembly import assemble
from toolkit.app.proof_inputs import render_inputs
from verification.campaign.forgery_stock import Stock
from verification.campaign.small_proofs import encoded, write_directory
from verification.checker import Verdict, check_directory, facts
from verification.checker.directory import check_certificate, hashes
from verification.checker.problem import commands_of, problem_of


@pytest.fixture(scope="module")
def inputs() -> dict[str, bytes]:
    return render_inputs(assemble(EXAMPLE))


Json = dict[str, Any]
EXAMPLE = Path(__file__).parents[3] / "examples" / "procedures" / "psm_trace.yaml"
LEAF = base64.b64encode(b"\xff").decode()


def judged(tmp_path: Path, inputs: dict[str, bytes], body: Json, verdict: str = "PROVED") -> Verdict:
    path = tmp_path / "001_claim.json"
    path.write_bytes(encoded({"format": "primum-certificate/1", "verdict": verdict, "inputs": hashes(inputs), **body}))
    return check_certificate(path, inputs)


def body_of(stock: Stock, obligation: str) -> Json:
    file = next(row["file"] for row in stock.summary["obligations"] if row["id"] == obligation)
    data = json.loads(stock.certificates[file])
    return {key: value for key, value in data.items() if key not in ("format", "verdict", "inputs")}


def with_constraints(stock: Stock, *constraints: Json) -> dict[str, bytes]:
    problem = json.loads(stock.inputs["problem"])
    return {**stock.inputs, "problem": encoded({**problem, "constraints": list(constraints)})}


def inclusion(stock: Stock, constraint: str, body: str, margin: str = "0", tree: str = LEAF, frozen: list[int] | None = None) -> Json:
    box = body_of(stock, "ball.wrist")["box"]
    return {"kind": "inclusion", "constraint": constraint, "body": body, "margin": margin, "box": box, "frozen": frozen or [], "tree": tree}


@pytest.mark.parametrize("pair", [(1, 1), (3, 4), (0, 1), (5, 6)])
def test_a_bound_below_the_supremum_is_rejected(stock: Stock, tmp_path: Path, pair: tuple[int, int]) -> None:
    body = body_of(stock, "K.jaw_2")
    row = next(row for row in body["bounds"] if (row["j"], row["l"]) == pair)
    row["bound"] = (0.9 * float.fromhex(row["bound"])).hex()
    found = judged(tmp_path, stock.inputs, body)
    assert not found.accepted and ("not shown" in found.reason or "budget" in found.reason or "thin" in found.reason)


def test_a_coarser_tree_is_bisected_further(stock: Stock, tmp_path: Path) -> None:
    body = body_of(stock, "K.jaw_2")
    for row in body["bounds"]:
        row["tree"] = LEAF
    assert judged(tmp_path, stock.inputs, body).accepted


def test_the_box_must_hold_the_limits_grown_by_e_to_the_last_bit(stock: Stock, tmp_path: Path) -> None:
    for obligation in ("K.tip", "ball.wrist"):
        body = body_of(stock, obligation)
        low, high = (float.fromhex(x) for x in body["box"][2])
        for inward in (math.nextafter(math.nextafter(low, 9), 9), low + 1e-15, 0.5 * (low + high)):
            body["box"][2][0] = inward.hex()
            assert "leaves out" in judged(tmp_path, stock.inputs, body).reason


def test_only_a_rule_that_fits_may_be_used(stock: Stock, tmp_path: Path) -> None:
    for pair, rule in (((0, 0), "outer"), ((0, 6), "outer"), ((0, 1), "inner"), ((0, 1), None)):
        body = body_of(stock, "K.tip")
        next(row for row in body["bounds"] if (row["j"], row["l"]) == pair)["rule"] = rule
        assert not judged(tmp_path, stock.inputs, body).accepted


def test_an_inclusion_a_little_beyond_what_holds_is_rejected(stock: Stock, tmp_path: Path) -> None:
    for obligation in ("ball.wrist", "vessel.jaw_1", "cavity.wrist", "plate.jaw_2"):
        body = body_of(stock, obligation)
        assert judged(tmp_path, stock.inputs, body).accepted
        assert not judged(tmp_path, stock.inputs, {**body, "margin": "1/50"}).accepted


def test_what_is_refuted_is_not_proved_and_the_other_way_round(stock: Stock, tmp_path: Path) -> None:
    assert not judged(tmp_path, stock.inputs, inclusion(stock, "tumour", "shaft")).accepted
    assert not judged(tmp_path, stock.inputs, inclusion(stock, "hood", "jaw_1")).accepted
    witness = body_of(stock, "tumour.shaft")["witness"]
    for constraint, body in (("vessel", "shaft"), ("ball", "wrist")):
        claim = {"kind": "inclusion", "constraint": constraint, "body": body, "margin": "0", "witness": witness}
        assert not judged(tmp_path, stock.inputs, claim, "REFUTED").accepted


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w["q"].__setitem__(0, (9.0).hex()),
        lambda w: w["q"].pop(),
        lambda w: w.update(body_weights=["2", "-1"]),
        lambda w: w.update(body_weights=["1/2", "1/3"]),
        lambda w: w.update(body_weights=["1"]),
        lambda w: w.update(region_point=None),
        lambda w: w.update(region_point=[(0.0).hex(), (0.0).hex(), (-0.02).hex()]),
        lambda w: w.update(region_point=[(0.0).hex()] * 2),
    ],
)
def test_a_witness_must_break_the_constraint_inside_the_limits(stock: Stock, tmp_path: Path, change: Callable[[Json], object]) -> None:
    body = body_of(stock, "tumour.shaft")
    assert judged(tmp_path, stock.inputs, body, "REFUTED").accepted
    change(body["witness"])
    assert not judged(tmp_path, stock.inputs, body, "REFUTED").accepted


def test_every_shape_is_proved_where_it_is_true_and_refuted_where_it_is_not(stock: Stock, tmp_path: Path) -> None:
    """The wrist stays within x in [-0.013, 0.034], z in [-0.113, -0.06], sampled."""
    far: Json = {"name": "r", "bodies": ["wrist"]}
    true = [
        {**far, "type": "keep_in_half_space", "normal_B": [1.0, 0.0, 0.0], "offset_m": 0.05},
        {**far, "type": "keep_in_box", "lower_B_m": [-0.1, -0.1, -0.2], "upper_B_m": [0.1, 0.1, 0.1]},
        {**far, "type": "keep_in_capsule", "start_B_m": [0.0, 0.0, 0.0], "end_B_m": [0.01, 0.0, -0.11], "radius_m": 0.06},
        {**far, "type": "keep_out_box", "lower_B_m": [0.05, -0.1, -0.2], "upper_B_m": [0.1, 0.1, 0.1]},
        {**far, "type": "keep_out_polytope", "vertices_B_m": [[0.06, 0, 0], [0.1, 0.1, 0], [0.1, -0.1, 0], [0.1, 0, -0.2]]},
        {**far, "type": "keep_out_sphere", "center_B_m": [0.1, 0.0, -0.1], "radius_m": 0.03},
    ]
    false = [
        {**far, "type": "keep_in_half_space", "normal_B": [1.0, 0.0, 0.0], "offset_m": 0.03},
        {**far, "type": "keep_in_box", "lower_B_m": [-0.1, -0.1, -0.11], "upper_B_m": [0.1, 0.1, 0.1]},
        {**far, "type": "keep_in_capsule", "start_B_m": [0.0, 0.0, 0.0], "end_B_m": [0.01, 0.0, -0.11], "radius_m": 0.02},
        {**far, "type": "keep_out_box", "lower_B_m": [0.02, -0.1, -0.2], "upper_B_m": [0.1, 0.1, 0.1]},
        {**far, "type": "keep_out_polytope", "vertices_B_m": [[0.0, 0, 0], [0.1, 0.1, 0], [0.1, -0.1, 0], [0.0, 0, -0.2]]},
        {**far, "type": "keep_out_sphere", "center_B_m": [0.05, 0.0, -0.1], "radius_m": 0.03},
        {**far, "type": "keep_in_cylinder", "start_B_m": [0.0, 0.0, 0.1], "end_B_m": [0.0, 0.0, -0.3], "radius_m": 0.2},
    ]
    for regions, expected in ((true, True), (false, False)):
        for region in regions:
            found = judged(tmp_path, with_constraints(stock, region), inclusion(stock, "r", "wrist"))
            assert found.accepted == expected, (region, found.reason)


def test_coordinates_are_frozen_only_where_the_distance_does_not_depend_on_them(stock: Stock, tmp_path: Path) -> None:
    ball: Json = {"name": "r", "type": "keep_in_sphere", "bodies": ["wrist"], "center_B_m": [0.0, 0.0, 0.0], "radius_m": 0.12}
    for frozen, center, expected in (
        ([0, 1, 3], [0.0] * 3, True), ([2], [0.0] * 3, False), ([4], [0.0] * 3, False), ([0], [0.001, 0.0, 0.0], False),
        ([1, 0], [0.0] * 3, False), ([0, 0], [0.0] * 3, False), ([7], [0.0] * 3, False), ([0, 1, 3, 5, 6], [0.0] * 3, True),
    ):  # fmt: skip
        inputs = with_constraints(stock, {**ball, "center_B_m": center})
        assert judged(tmp_path, inputs, inclusion(stock, "r", "wrist", "1/1000", frozen=frozen)).accepted == expected, frozen
    outside: Json = {**ball, "type": "keep_out_sphere", "radius_m": 0.01, "center_B_m": [0.0, 0.0, 0.1]}
    assert judged(tmp_path, with_constraints(stock, outside), inclusion(stock, "r", "wrist")).accepted
    assert "frozen" in judged(tmp_path, with_constraints(stock, outside), inclusion(stock, "r", "wrist", frozen=[3])).reason


@pytest.mark.parametrize(
    ("gram", "expected"),
    [
        ([["2", "-1"], ["-1", "1"]], True),
        ([["2", "-2"], ["0", "1"]], False),
        ([["2", "-1"], ["-1", "999999999/1000000000"]], False),
    ],
)
def test_a_sum_of_squares_is_exact(stock: Stock, tmp_path: Path, gram: list[list[str]], expected: bool) -> None:
    body = body_of(stock, "algebra.barrier")
    body["terms"][0]["gram"] = gram
    assert judged(tmp_path, stock.inputs, body).accepted == expected


@pytest.mark.parametrize(
    ("gram", "expected"),
    [([["0", "0"], ["0", "1"]], True), ([["0", "1"], ["1", "1"]], False), ([["-1", "0"], ["0", "1"]], False),
     ([["1", "2"], ["2", "1"]], False), ([["1", "1"], ["1", "1"]], True), ([["1", "1"], ["1", "999/1000"]], False)],
)  # fmt: skip
def test_a_gram_matrix_must_be_positive_semidefinite(stock: Stock, tmp_path: Path, gram: list[list[str]], expected: bool) -> None:
    square = [["*", gram[i][k], "xy"[i], "xy"[k]] for i in range(2) for k in range(2)]
    body = {"kind": "sum_of_squares", "name": "g", "variables": ["x", "y"], "target": ["+", *square],
            "terms": [{"multiplier": "1", "basis": ["x", "y"], "gram": gram}]}  # fmt: skip
    assert judged(tmp_path, stock.inputs, body).accepted == expected


def test_a_polynomial_that_explodes_is_rejected(stock: Stock, tmp_path: Path) -> None:
    variables = [f"x{i}" for i in range(32)]
    power = ["^", ["+", *variables], 16]
    head: Json = {"kind": "polynomial_identity", "name": "p", "variables": variables, "relations": []}
    for expression in (power, ["^", ["^", power, 16], 16], ["^", "x0", 17], ["+", ["/", "1", "x0"]]):
        body = {**head, "left": expression, "right": expression}
        assert not judged(tmp_path, stock.inputs, body).accepted


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(["*", "c", "c"], ["-", "1", ["*", "s", "s"]], True), (["*", "c", "c"], ["*", "s", "s"], False), ("c", "s", False),
     (["sin", "x"], ["sin", "x"], False), ("y", "y", False)],
)  # fmt: skip
def test_an_identity_holds_exactly_or_not_at_all(stock: Stock, tmp_path: Path, left: Any, right: Any, expected: bool) -> None:
    head: Json = {"kind": "polynomial_identity", "name": "p", "variables": ["c", "s", "x"], "relations": [["c", "s"]]}
    assert judged(tmp_path, stock.inputs, {**head, "left": left, "right": right}).accepted == expected


def test_a_witness_current_must_do_over_its_whole_leaf(stock: Stock, tmp_path: Path) -> None:
    body = body_of(stock, "authority.coil")
    assert judged(tmp_path, stock.inputs, body).accepted
    for change in ([0.0, 0.5], [2.5, 0.5], [1.5], [1.5, 1.5, 1.5], [-1.0, -1.0]):
        assert not judged(tmp_path, stock.inputs, {**body, "witnesses": [[u.hex()] for u in change]}).accepted
    assert not judged(tmp_path, stock.inputs, {**body, "witnesses": [[], []]}).accepted


@pytest.mark.parametrize(
    "states",
    [["off", "on"], ["fault", "moving_unpowered", "off", "on"], ["on", "off", "fault"], [], ["fault"], ["fault", "off", "on", "on"]],
)
def test_a_set_of_states_that_is_not_closed_is_rejected(stock: Stock, tmp_path: Path, states: list[str]) -> None:
    assert not judged(tmp_path, stock.inputs, {"kind": "closure", "system": "states", "states": states}).accepted


@pytest.mark.parametrize("hole", [["fault", "enable", "on"], ["on", "slip", "moving_unpowered"], ["on", "x", "limbo"]])
def test_a_hole_in_the_transition_system_is_found(stock: Stock, tmp_path: Path, hole: list[str]) -> None:
    model = json.loads(stock.inputs["transitions_states"])
    model["transitions"].append(hole)
    inputs = {**stock.inputs, "transitions_states": encoded(model)}
    for states in (["fault", "off", "on"], sorted({"fault", "off", "on", hole[2]})):
        assert not judged(tmp_path, inputs, {"kind": "closure", "system": "states", "states": states}).accepted


@pytest.mark.parametrize(("periods", "expected"), [(21, False), (22, True), (40, True), (41, False)])
def test_the_longest_stop_is_counted(tmp_path: Path, inputs: dict[str, bytes], periods: int, expected: bool) -> None:
    assert judged(tmp_path, inputs, {"kind": "stop_length", "periods": periods}).accepted == expected


def _procedure(inputs: dict[str, bytes], edit: Callable[[dict[str, Json]], object]) -> dict[str, bytes]:
    """With the constraints of the procedure, by name, edited."""
    procedure = json.loads(inputs["procedure"])
    named = {c["name"]: c for c in procedure["constraints"]}
    edit(named)
    return {**inputs, "procedure": encoded({**procedure, "constraints": list(named.values())})}


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: c.pop("tip_speed"),
        lambda c: c["tip_speed"].update(points=["tip"]),
        lambda c: c["tip_acceleration"].update(points=["wrist", "tip", "jaw_1", "jaw_2"]),
        lambda c: (c.pop("tip_speed"), c.pop("tip_acceleration")),
        lambda c: c["tip_speed"].update(points=["tip", "jaw_1", "jaw_2", "nose"]),
        lambda c: c["tip_speed"].update(limit_m_s=0.12),
    ],
)
def test_a_stop_is_only_as_long_as_every_limited_point_is_slow(
    tmp_path: Path, inputs: dict[str, bytes], edit: Callable[[Json], object]
) -> None:
    """Without a speed limit of its own, a point whose acceleration is limited makes the stop as long as it is fast."""
    assert not judged(tmp_path, _procedure(inputs, edit), {"kind": "stop_length", "periods": 40}).accepted


def test_the_step_that_a_stop_is_planned_with_is_below_the_derived_bound(inputs: dict[str, bytes]) -> None:
    """Steps of the class whose true length is just within the speed limit, linearised and not yet rounded, as the filter reckons."""
    problem, assembly = problem_of(inputs), assemble(EXAMPLE)
    commands = commands_of(problem)
    bound = float(facts._planned_step(problem, commands).mid())
    arm, tick_map, rng, largest = assembly.arm, assembly.profile.tick_map, np.random.default_rng(0), 0.0
    limited = [arm.point_names.index(name) for name in ("tip", "jaw_1", "jaw_2")]
    J = ca.Function("J", [q := ca.SX.sym("q", arm.n)], [ca.jacobian(ca.vec(arm.points_sx(q)[:, limited]), q)])
    for _ in range(300):
        ticks = tick_map.to_ticks(rng.uniform(assembly.lower, assembly.upper))
        direction = rng.choice([-1, 0, 1], arm.n) * np.array(commands.v_ticks)
        for share in np.linspace(1.0, 0.0, 40):
            x = share * direction
            after = tick_map.to_joints(ticks + np.rint(x).astype(np.int64))
            moved = np.linalg.norm(arm.points(after) - arm.points(tick_map.to_joints(ticks)), axis=1)[limited].max()
            if moved <= 0.05 * 0.005:
                linear = (np.array(J(tick_map.to_joints(ticks))) @ tick_map.M @ x).reshape(-1, 3)
                largest = max(largest, float(np.linalg.norm(linear, axis=1).max()))
                break
    assert 0.05 * 0.005 < largest <= bound <= 1.4 * 0.05 * 0.005


def _without_encoder_error(tube: Json) -> None:
    """The joint may be off what is read by an encoder's error, at the threshold too; the factor of safety left at one."""
    f = tube["safety_factor"]
    parts = zip(tube["e_monitor"], tube["joint_error"], tube["growth"], strict=True)
    tube.update(e=[(m + play + g) * (1 + 1e-15) for m, play, g in parts], safety_factor=1.0)
    assert f > 1.0


def _grown_for_one_period(tube: Json) -> None:
    """As if no setpoint were ever missed."""
    tube.update(growth_periods=6.0, growth=[g * 6 / 11 for g in tube["growth"]])
    tube["e"] = [sum(parts) for parts in zip(*(tube[key] for key in ("e_monitor", "encoder_error", "joint_error", "growth")), strict=True)]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda d: None, True),
        (lambda d: d["e"].__setitem__(0, d["e"][0] - 1e-4), False),
        (lambda d: d["e_monitor"].__setitem__(3, d["e_monitor"][3] + 1e-3), False),
        (lambda d: d["growth"].__setitem__(1, d["growth"][1] / 3), False),
        (lambda d: d["joint_error"].__setitem__(2, 0.0), False),
        (lambda d: d.update(safety_factor=0.5), False),
        (lambda d: d["encoder_error"].__setitem__(2, 0.0), False),
        (_without_encoder_error, False),
        (_grown_for_one_period, False),
    ],
)
def test_the_thresholds_of_the_tube_must_add_up(
    tmp_path: Path, inputs: dict[str, bytes], edit: Callable[[Json], object], expected: bool
) -> None:
    tube = json.loads(inputs["tube"])
    edit(tube)
    edited = {**inputs, "tube": encoded(tube)}
    assert judged(tmp_path, edited, {"kind": "tube_threshold", "reaction_periods": 12}).accepted == expected
    assert not judged(tmp_path, edited, {"kind": "tube_threshold", "reaction_periods": 11}).accepted


@pytest.mark.parametrize(("misses", "expected"), [(3, True), (5, False), (0, False), (2.0, False)])
def test_the_tube_covers_the_misses_that_a_run_tolerates(tmp_path: Path, inputs: dict[str, bytes], misses: Any, expected: bool) -> None:
    """Two more than it was identified for are more than its factor of safety holds."""
    shield = encoded({**json.loads(inputs["shield"]), "misses_max": misses})
    assert judged(tmp_path, {**inputs, "shield": shield}, {"kind": "tube_threshold", "reaction_periods": 20}).accepted == expected


def test_a_proof_of_a_procedure_may_not_leave_out_what_belongs_to_it(tmp_path: Path, inputs: dict[str, bytes]) -> None:
    """Nor add what nobody derived from it: `1 = 1` under a fine name is no obligation of a procedure."""
    stop = {"stop_length": ("PROVED", {"kind": "stop_length", "periods": 23})}
    derived = ["tube_threshold", *(f"K.{point}" for point in ("trocar", "wrist", "tip", "jaw_1", "jaw_2"))]
    derived += [f"vessel.{body}" for body in ("shaft", "wrist", "jaw_1", "jaw_2")]

    def last(name: str, certificates: dict[str, tuple[str, Json]], unknown: list[str]) -> Verdict:
        write_directory(tmp_path / name, inputs, certificates, unknown)
        return list(check_directory(tmp_path / name))[-1]

    assert last("all", stop, derived).accepted
    for k, id_ in enumerate(derived):
        assert id_ in last(f"without_{k}", stop, [other for other in derived if other != id_]).reason
    trivial: Json = {"kind": "polynomial_identity", "name": "shield_induction", "variables": ["x"], "relations": []}
    trivial |= {"left": "1", "right": "1"}
    assert "algebra.shield_induction" in last("more", {**stop, "algebra.shield_induction": ("PROVED", trivial)}, derived).reason
    assert "K.rcm_offset" in last("unknown", stop, [*derived, "K.rcm_offset"]).reason


def test_a_transition_system_among_the_inputs_is_an_obligation_too(tmp_path: Path, stock: Stock, inputs: dict[str, bytes]) -> None:
    problem = problem_of({**inputs, **{role: stock.inputs[role] for role in ("transitions_states", "authority_coil")}})
    assert problem.derived() - problem_of(inputs).derived() == {"closure.states", "authority.coil"}


@pytest.mark.parametrize("margin", ["0", "1/1001", "1000"])
def test_an_inclusion_of_a_procedure_has_its_one_margin(tmp_path: Path, inputs: dict[str, bytes], margin: str) -> None:
    """Its id does not name the margin. 1 km would refute any region, 0 would prove what 1 mm does not."""
    claim: Json = {"kind": "inclusion", "constraint": "vessel", "body": "wrist", "margin": margin}
    witness = {"q": [(0.1).hex()] * 7, "body_weights": ["1/2", "1/2"], "region_point": [x.hex() for x in (0.0106, -0.0399, -0.1463)]}
    assert "margin" in judged(tmp_path, inputs, {**claim, "witness": witness}, "REFUTED").reason
    assert "margin" not in judged(tmp_path, inputs, {**claim, "margin": "1/1000", "witness": witness}, "REFUTED").reason


def test_a_claim_says_the_whole_of_what_it_claims(stock: Stock, tmp_path: Path) -> None:
    long = ["+", "x", *["0"] * 200]
    head: Json = {"kind": "polynomial_identity", "name": "p", "variables": ["x"], "relations": []}
    short = judged(tmp_path, stock.inputs, {**head, "left": ["+", "x", "x"], "right": ["*", "2", "x"]}).claim
    assert short == '["+", "x", "x"] = ["*", "2", "x"] for all x where c^2 + s^2 = 1 for []'
    claim = judged(tmp_path, stock.inputs, {**head, "left": long, "right": "x"}).claim
    assert hashlib.sha256(json.dumps(long).encode()).hexdigest() in claim
    square = {"kind": "sum_of_squares", "name": "g", "variables": ["x"], "target": ["+", ["*", "x", "x"], *["0"] * 200],
              "terms": [{"multiplier": "1", "basis": ["x"], "gram": [["1"]]}]}  # fmt: skip
    assert "SHA-256" in judged(tmp_path, stock.inputs, square).claim
