"""da Vinci arms from dVRK's own files: patient-side manipulators with an instrument, and the endoscope manipulator."""

from pathlib import Path

import numpy as np

from ..errors import SpecificationError
from .body import Body, BodyPoint, ShaftLine
from .dh import modified_dh_chain
from .dvrk_file import ArmFile, JointRow
from .instrument import Instrument, dvrk_folder, load_instrument, supplement
from .joint import Frame, Joint, JointKind
from .json_file import load_json
from .limits import JointLimits
from .published_limits import published_limits
from .rotation import IDENTITY, Z_AXIS, ZERO, to_matrix, to_vector
from .serial_arm import SerialArm

_ORIGIN = "sawIntuitiveResearchKit @ 9e535e68"


def psm_classic(instrument: str | Path = "LARGE_NEEDLE_DRIVER:400006") -> SerialArm:
    """PSM of the first generation; coordinates yaw, pitch, insertion, roll, wrist_pitch, wrist_yaw and, with jaws, jaw."""
    return psm_from_files(dvrk_folder() / "kinematic" / "PSM.json", load_instrument(instrument, "Classic"), "psm_classic")


def psm_si(instrument: str | Path = "LARGE_NEEDLE_DRIVER:420006[1]") -> SerialArm:
    """PSM of the S/Si generation; coordinates as `psm_classic`. Its instruments are 50.8 mm longer."""
    return psm_from_files(dvrk_folder() / "kinematic" / "PSM_Si.json", load_instrument(instrument, "Si"), "psm_si")


def ecm() -> SerialArm:
    """Endoscope manipulator, Classic: yaw, pitch, insertion, roll."""
    return ecm_from_file(dvrk_folder() / "kinematic" / "ECM.json", "ecm")


def ecm_si() -> SerialArm:
    """Endoscope manipulator, S/Si: yaw, pitch, insertion, roll."""
    return ecm_from_file(dvrk_folder() / "kinematic" / "ECM_Si.json", "ecm_si")


def psm_from_files(arm_path: Path, instrument: Instrument, name: str) -> SerialArm:
    """A PSM from a kinematic file and an instrument.

    B is the file's base frame, its origin the remote centre. Points: `trocar` (the shaft's point at the remote centre), `wrist` (wrist
    pitch axis), `tip` (wrist yaw axis), and `jaw_1`, `jaw_2`: with z_T the tip frame's z axis and L the jaw's length,
    P = p_BT + Rot(yaw axis, +-q_jaw / 2) L z_T. An instrument without jaws has one rigid `blade` instead and no jaw coordinate.

    Assumes: the jaw coordinate is the opening angle. dVRK lets it go below zero to press closed jaws together; then the metal stays at
    zero, and the two jaw bodies lie symmetrically about it.

    Raises:
        SpecificationError: the file is not a PSM's, or the linkage has no remote centre.
    """
    rows = load_json(arm_path, ArmFile).DH.rows
    _check_remote_centre(rows, arm_path)
    tool = instrument.file
    tool_rows = tool.DH.rows
    if [r.type for r in tool_rows] != ["revolute"] * 3 or tool_rows[0].alpha != 0.0 or tool_rows[0].A != 0.0:
        raise SpecificationError("the roll joint does not turn about the shaft", file=str(instrument.path), field="DH.joints.0")
    joints = modified_dh_chain([r.dh_row() for r in (*rows, *tool_rows)])
    X_tip = _tip_frame(instrument)
    names = tuple(j.name for j in joints) + (("jaw",) if instrument.has_jaw else ())
    points, bodies = _instrument_bodies(joints, X_tip, instrument)
    arm_source, tool_source = _source(arm_path), _source(instrument.path)
    own = _limits([(rows, arm_source), (tool_rows, tool_source)], instrument)
    limits = own.merge(*published_limits(name, names, instrument.tip_code))
    coupling = np.eye(4) if tool.coupling is None else np.array(tool.coupling.ActuatorToJointPosition)
    return SerialArm(
        name=name, joints=joints, joint_names=names, limits=limits, body_points=points, bodies=bodies, sources=(arm_source, tool_source),
        X_tip=X_tip, has_jaw=instrument.has_jaw, shaft=ShaftLine(3, ZERO, is_mechanical=True), coupling=coupling,
        instrument=instrument.label, notes=(*instrument.notes, *_jaw_note(limits)),
    )


def ecm_from_file(path: Path, name: str) -> SerialArm:
    """An ECM: points `trocar` and `tip` (the end of the roll joint, D = 0.3829 m), one body, the endoscope's shaft."""
    rows = load_json(path, ArmFile).DH.rows
    _check_remote_centre(rows, path)
    joints = modified_dh_chain([r.dh_row() for r in rows])
    radius = supplement().endoscopes.shaft_radius_m
    if radius is None:
        raise SpecificationError("is missing", file="instrument_bodies.yaml", field="endoscopes.shaft_radius_m")
    points = (BodyPoint("trocar", 2, ZERO), BodyPoint("tip", len(joints), ZERO))
    source = _source(path)
    names = tuple(j.name for j in joints)
    return SerialArm(
        name=name, joints=joints, joint_names=names, limits=_limits([(rows, source)], None).merge(*published_limits(name, names)),
        body_points=points, bodies=(Body("shaft", ("trocar", "tip"), radius.value),), sources=(source,),
        shaft=ShaftLine(3, ZERO, is_mechanical=True), notes=(f"endoscope shaft_radius_m = {radius.value * 1e3:g} mm ({radius.origin})",),
    )


def _check_remote_centre(rows: list[JointRow], path: Path) -> None:
    """Two turns about axes through B's origin, then a slide along a line through it: the shaft passes the origin for every q."""
    kinds = [r.type for r in rows[:3]]
    if kinds != ["revolute", "revolute", "prismatic"]:
        raise SpecificationError(f"expected revolute, revolute, prismatic, got {kinds}", file=str(path), field="DH")
    for row in rows[:3]:
        if not (row.A == 0.0 and (row.D == 0.0 or row.type == "prismatic")):
            problem = f"joint {row.name}: A and D must be zero where all axes meet in the remote centre"
            raise SpecificationError(problem, file=str(path), field="DH")


def _tip_frame(instrument: Instrument) -> Frame:
    T = instrument.file.tooltip_offset
    if T is None:
        return Frame()
    if T[3] != [0.0, 0.0, 0.0, 1.0]:
        raise SpecificationError(f"last row must be 0 0 0 1, got {T[3]}", file=str(instrument.path), field="tooltip_offset")
    if [row[3] for row in T[:3]] != [0.0, 0.0, 0.0]:
        # The jaws hinge on the yaw axis; a tip frame elsewhere would leave their place unsaid.
        raise SpecificationError("the tip frame must have its origin on the yaw axis", file=str(instrument.path), field="tooltip_offset")
    return Frame(to_matrix([row[:3] for row in T[:3]]))


def _instrument_bodies(joints: tuple[Joint, ...], X_tip: Frame, tool: Instrument) -> tuple[tuple[BodyPoint, ...], tuple[Body, ...]]:
    last = len(joints)
    along = [X_tip.R[i][2] * tool.jaw_length_m for i in range(3)]  # z of the tip frame points along the closed jaws
    end = to_vector(along)
    points = [BodyPoint("trocar", 2, ZERO), BodyPoint("wrist", 4, joints[4].X_PJ.p_m), BodyPoint("tip", last, ZERO)]
    bodies = [Body("shaft", ("trocar", "wrist"), tool.shaft_radius_m), Body("wrist", ("wrist", "tip"), tool.wrist_radius_m)]
    if tool.has_jaw:
        for name, sign in (("jaw_1", 1.0), ("jaw_2", -1.0)):
            # The jaws turn about the wrist's yaw axis, which is z of the last DH frame.
            hinge = Joint(name, JointKind.REVOLUTE, Frame(IDENTITY, ZERO), last, 0.0, Z_AXIS, sign * tool.jaw_gain)
            points.append(BodyPoint(name, last, end, (hinge,)))
            bodies.append(Body(name, ("tip", name), tool.jaw_radius_m))
    else:
        points.append(BodyPoint("blade", last, end))
        bodies.append(Body("blade", ("tip", "blade"), tool.jaw_radius_m))
    return tuple(points), tuple(bodies)


def _jaw_note(limits: JointLimits) -> tuple[str, ...]:
    if "jaw" not in limits.names or limits.lower[-1] >= 0.0:
        return ()
    return (f"a jaw coordinate below zero (limit {limits.lower[-1]:g} rad) presses closed jaws together: it is a grip, not a position",)


def _limits(tables: list[tuple[list[JointRow], str]], instrument: Instrument | None) -> JointLimits:
    """The limits of DH rows and, where there is one, of the jaw, each with the file it stands in."""
    found = [(r.name, "m" if r.type == "prismatic" else "rad", r.qmin, r.qmax, r.ftmax, source) for rows, source in tables for r in rows]
    jaw = instrument.file.jaw if instrument is not None and instrument.has_jaw else None
    if instrument is not None and jaw is not None:
        found.append(("jaw", "rad", jaw.qmin, jaw.qmax, jaw.ftmax, _source(instrument.path)))
    names, units, lower, upper, effort, sources = zip(*found, strict=True)
    return JointLimits(
        names, units, np.array(lower), np.array(upper), np.array([e or np.nan for e in effort]), tuple(dict.fromkeys(sources)),
        origin=tuple((source, source, source) for source in sources),
    )


def _source(path: Path) -> str:
    """How a dVRK file is named in reports; the repository only where it is the copy that ships here."""
    return f"{path.name} ({_ORIGIN})" if path.is_relative_to(dvrk_folder()) else str(path)
