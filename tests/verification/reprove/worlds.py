"""The example's arm among regions of every kind, and what shield and re-proof make of it."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from safety import Bounds, CommandedRate
from safety.audit import canonical_bytes
from safety.window import Windows
from safety.window_check import WindowCheck
from toolkit import FloatArray
from toolkit.app.assembly import Assembly, assemble
from toolkit.app.proof_inputs import render_inputs
from toolkit.app.safety_parts import constraints_of
from toolkit.procedure import Procedure, load_procedure
from verification.checker.exact import exactly
from verification.reprove.expansion import WindowGeometry
from verification.reprove.reprover import Prover, Shown
from verification.reprove.servo_hull import JointBox

EXAMPLE = Path(__file__).parents[3] / "examples" / "procedures" / "psm_trace.yaml"
BODIES = "bodies: [shaft, wrist, jaw_1, jaw_2]"
ENDS = "start_B_m: [0.012, -0.05, -0.15], end_B_m: [0.03, 0.02, -0.19]"
KINDS = f"""
  - {{name: joint_limits, type: joint_limits}}
  - {{name: half_space, type: keep_in_half_space, {BODIES}, normal_B: [0.6, 0.0, -0.8], offset_m: 0.165}}
  - {{name: abdomen, type: keep_in_polytope, {BODIES}, half_spaces: [{{normal_B: [1.0, 0.0, 0.0], offset_m: 0.065}}]}}
  - {{name: room, type: keep_in_box, {BODIES}, lower_B_m: [-0.1, -0.1, -0.2], upper_B_m: [0.1, 0.1, 0.1]}}
  - {{name: ball, type: keep_in_sphere, {BODIES}, center_B_m: [0.0, 0.0, -0.1], radius_m: 0.12}}
  - {{name: capsule_in, type: keep_in_capsule, bodies: [wrist, jaw_1], {ENDS}, radius_m: 0.05}}
  - {{name: cylinder_in, type: keep_in_cylinder, bodies: [wrist, jaw_1], {ENDS}, radius_m: 0.05}}
  - {{name: sphere_out, type: keep_out_sphere, {BODIES}, center_B_m: [0.03, 0.02, -0.15], radius_m: 0.01}}
  - {{name: vessel, type: keep_out_capsule, {BODIES}, {ENDS}, radius_m: 0.004}}
  - {{name: cylinder_out, type: keep_out_cylinder, {BODIES}, {ENDS}, radius_m: 0.004}}
  - {{name: box_out, type: keep_out_box, {BODIES}, lower_B_m: [0.02, 0.02, -0.2], upper_B_m: [0.05, 0.04, -0.14]}}
  - name: polytope_out
    type: keep_out_polytope
    {BODIES}
    vertices_B_m: [[0.02, 0.02, -0.2], [0.05, 0.02, -0.2], [0.02, 0.05, -0.2], [0.02, 0.02, -0.14]]
  - {{name: remote_centre, type: rcm, limit_m: 0.002}}
  - {{name: insertion, type: insertion_rule, wrist_past_rcm_m: 0.045, straight_tolerance_rad: 0.05}}
"""


_KEPT = tuple(f"name: {name}," for name in ("joint_limits", "half_space", "room", "ball", "vessel"))
FEW = "\n" + "".join(f"{line}\n" for line in KINDS.splitlines() if any(name in line for name in _KEPT))


@cache
def example() -> Assembly:
    return assemble(EXAMPLE)


@cache
def inputs() -> dict[str, bytes]:
    return render_inputs(example())


def bounds() -> dict[str, list[list[float]]]:
    """K as the shield has it: analytic."""
    assembly, e = example(), example().tube.e
    centre = assembly.arm.rcm_offset_bounds(assembly.lower - e, assembly.upper + e)
    K = dict(zip(assembly.arm.point_names, assembly.shield.K, strict=True)) | {"rcm_offset": centre}
    return {name: np.asarray(value).tolist() for name, value in K.items()}


class World:
    """A procedure with these constraints, for the shield's window check and for the re-proof."""

    def __init__(self, constraints: str, folder: Path, K: dict[str, list[list[float]]] | None = None) -> None:
        stated = f"\nconstraints:{constraints}\nassumptions:"
        text = re.sub(r"\nconstraints:\n.*?\nassumptions:", lambda _: stated, EXAMPLE.read_text(), flags=re.S)
        text = re.sub(r"\nsteps:\n.*", "\nsteps:\n  - enable: {}\n  - disable: {}\n", text, flags=re.S)
        path = folder / "world.yaml"
        path.write_text(text.replace("../profiles", str(EXAMPLE.parents[1] / "profiles")))
        self.procedure: Procedure = load_procedure(path)
        self.assembly = example()
        self.K = K or bounds()
        rendered = canonical_bytes(self.procedure.model_dump(mode="json", exclude_none=True))
        self.inputs: dict[str, bytes] = inputs() | {"procedure": rendered}
        self.prover = Prover.of(self.inputs, self.K)
        self.check = self._check()

    def _check(self) -> WindowCheck:
        a = self.assembly
        constraints = constraints_of(self.procedure, a.arm, a.lower, a.upper)
        windowed = [c for c in constraints if not isinstance(c, CommandedRate)]
        numbers = Bounds(self.procedure.assumptions.A6.float_error_m, self.procedure.assumptions.A5.eps_R_m)
        K = np.array([self.K[point] for point in a.arm.point_names])
        return WindowCheck(a.arm, windowed, K, np.array(self.K["rcm_offset"]), numbers)

    def assembly_with(self) -> Assembly:
        """The example's assembly with this procedure and its constraints, for what reads those only."""
        a = self.assembly
        constraints = tuple(constraints_of(self.procedure, a.arm, a.lower, a.upper))
        return replace(a, procedure=self.procedure, constraints=constraints)

    def in_floats(self, c: FloatArray, r: FloatArray) -> dict[str, float]:
        """The shield's slacks of one window."""
        return {name: float(value[0]) for name, value in self.check.slack(Windows(c[None], r[None])).items()}

    def exactly(self, c: FloatArray, r: FloatArray) -> dict[str, Shown]:
        """The same window, re-proved: its box is c -+ r in exact numbers."""
        box = JointBox(*([exactly(x) + sign * exactly(h) for x, h in zip(c.tolist(), r.tolist(), strict=True)] for sign in (-1, 1)))
        shown = self.prover.shown_over(WindowGeometry(self.prover.problem, box, self.K))
        return dict(zip((margin.name for margin in self.prover.margins), shown, strict=True))

    def at_the_edge(self, name: str) -> tuple[FloatArray, FloatArray]:
        """A fast window that this world's shield just passes for one constraint, by bisection between a good one and a bad one."""
        a, rng = self.assembly, np.random.default_rng(7)
        r = a.tube.e + a.profile.tick_map.abs_M @ a.profile.command_class.v_ticks * (0.25 * a.tube.window)
        draws = a.lower + rng.uniform(0.2, 0.8, (400, a.arm.n)) * (a.upper - a.lower)
        values = [self.in_floats(c, r)[name] for c in draws]
        good, bad = draws[int(np.argmax(values))], draws[int(np.argmin(values))]
        assert max(values) > 0.0 > min(values)
        for _ in range(60):
            middle = 0.5 * (good + bad)
            good, bad = (middle, bad) if self.in_floats(middle, r)[name] >= 0.0 else (good, middle)
        return good, r


def random_box(draw: Any) -> tuple[FloatArray, FloatArray]:
    """A window as they occur: anywhere within the limits, half-ranges from the tube alone to full speed."""
    a = example()
    share = np.array(draw[0])
    c = a.lower + share * (a.upper - a.lower)
    fast = a.profile.tick_map.abs_M @ a.profile.command_class.v_ticks * (0.5 * a.tube.window)
    return c, a.tube.e + np.array(draw[1]) * fast


__all__ = ["FEW", "KINDS", "World", "bounds", "example", "inputs", "random_box"]
