"""Regions of space that bodies of the arm must stay in, or out of: fixed in the base frame B, lengths in [m]."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, StrictBool, model_validator
from scipy.spatial import ConvexHull, QhullError

from .part import Part, raise_problems
from .quantity import Coordinate, Direction, PlainArray, Position, Radius

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40, description="letters, digits and _; starts with a letter")]
Names = Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]
UNIT_NORMAL_TOLERANCE = 1e-6


class Region(Part):
    """What all regions state. `keeps_in`: bodies stay inside; otherwise they stay outside.

    name: appears in margins, verdicts and the report.
    bodies: bodies of the arm model, each the convex hull of its points plus its radius; the whole body obeys.
    hidden_from_controller: the controller plans as if the region were not there; filter and shield still enforce it.
    prove: `primum verify` is asked whether no allowed configuration at all brings these bodies within 1 mm of a keep-out region
        ("unreachable"), or out of a keep-in region less 1 mm ("contained"). Filter and shield enforce the region whatever the answer is.
    """

    keeps_in: ClassVar[bool]

    name: Name
    bodies: Names
    hidden_from_controller: StrictBool = False
    prove: Literal["unreachable", "contained"] | None = None

    @model_validator(mode="after")
    def _bodies_are_named_once(self) -> Self:
        raise_problems(type(self).__name__, repeated(self.bodies, "bodies"))
        return self

    @model_validator(mode="after")
    def _what_is_to_be_proved_fits(self) -> Self:
        fitting, what = ("contained", "in") if self.keeps_in else ("unreachable", "out of")
        if self.prove not in (None, fitting):
            raise_problems(type(self).__name__, [(("prove",), self.prove, f"of a region to keep {what}: only {fitting!r} can be asked")])
        return self


def repeated(names: tuple[str, ...], field: str) -> list[tuple[tuple[str | int, ...], object, str]]:
    """A problem for every name that stands in the list a second time."""
    return [((field, i), name, "named twice: each name once") for i, name in enumerate(names) if name in names[:i]]


class HalfSpace(Part):
    """normal_B . p <= offset_m, with |normal_B| = 1 (within 1e-6), so that offset_m is a distance along it from the origin of B."""

    normal_B: Direction
    offset_m: Coordinate

    @model_validator(mode="after")
    def _normal_has_unit_length(self) -> Self:
        length = float(np.linalg.norm(self.normal_B))
        if not abs(length - 1.0) <= UNIT_NORMAL_TOLERANCE:
            unit = [round(x / length, 12) for x in self.normal_B] if length > 1e-6 else None
            hint = f"; did you mean {unit}, with offset_m divided by {length:.12g}?" if unit else ""
            raise_problems(
                "HalfSpace", [(("normal_B",), list(self.normal_B), f"length {length:.9g}: a normal has length 1 within 1e-6{hint}")]
            )
        return self


class KeepInHalfSpace(Region):
    """Bodies stay in {p : normal_B . p <= offset_m}."""

    keeps_in = True

    type: Literal["keep_in_half_space"] = "keep_in_half_space"
    normal_B: Direction
    offset_m: Coordinate

    @model_validator(mode="after")
    def _is_a_half_space(self) -> Self:
        HalfSpace.model_validate({"normal_B": self.normal_B, "offset_m": self.offset_m})
        return self


class KeepInPolytope(Region):
    """Bodies stay in the intersection of half-spaces."""

    keeps_in = True

    type: Literal["keep_in_polytope"] = "keep_in_polytope"
    half_spaces: Annotated[tuple[HalfSpace, ...], Field(min_length=1, max_length=100)]


class KeepOutPolytope(Region):
    """Bodies stay outside the convex hull of vertices, at least four and not in one plane."""

    keeps_in = False

    type: Literal["keep_out_polytope"] = "keep_out_polytope"
    vertices_B_m: Annotated[tuple[Position, ...], PlainArray, Field(min_length=4, max_length=200)]

    @model_validator(mode="after")
    def _vertices_span_a_volume(self) -> Self:
        try:
            volume_m3 = float(ConvexHull(np.array(self.vertices_B_m)).volume)
        except QhullError:
            volume_m3 = 0.0
        if not volume_m3 > 1e-15:
            value = [list(vertex) for vertex in self.vertices_B_m]
            flat = "the vertices lie in one plane: four of them must span a volume"
            raise_problems(type(self).__name__, [(("vertices_B_m",), value, flat)])
        return self


class Box(Region):
    """lower_B_m <= p <= upper_B_m, axis by axis of B."""

    lower_B_m: Position
    upper_B_m: Position

    @model_validator(mode="after")
    def _lower_is_below_upper(self) -> Self:
        raise_problems(
            type(self).__name__,
            [
                (("lower_B_m", axis), low, f"not below upper_B_m[{axis}] = {high:g}: lower < upper on every axis")
                for axis, (low, high) in enumerate(zip(self.lower_B_m, self.upper_B_m, strict=True))
                if not low < high
            ],
        )
        return self


class KeepInBox(Box):
    """Bodies stay in an axis-aligned box."""

    keeps_in = True

    type: Literal["keep_in_box"] = "keep_in_box"


class KeepOutBox(Box):
    """Bodies stay outside an axis-aligned box."""

    keeps_in = False

    type: Literal["keep_out_box"] = "keep_out_box"


class Sphere(Region):
    """|p - center_B_m| <= radius_m."""

    center_B_m: Position
    radius_m: Radius


class KeepInSphere(Sphere):
    """Bodies stay in a ball."""

    keeps_in = True

    type: Literal["keep_in_sphere"] = "keep_in_sphere"


class KeepOutSphere(Sphere):
    """Bodies stay outside a ball."""

    keeps_in = False

    type: Literal["keep_out_sphere"] = "keep_out_sphere"


class AroundSegment(Region):
    """A solid of radius_m around the segment from start_B_m to end_B_m."""

    start_B_m: Position
    end_B_m: Position
    radius_m: Radius

    @model_validator(mode="after")
    def _axis_has_length(self) -> Self:
        if not np.linalg.norm(np.subtract(self.end_B_m, self.start_B_m)) > 1e-6:
            allowed = "the axis has no length: end differs from start (or use a sphere)"
            raise_problems(type(self).__name__, [(("end_B_m",), list(self.end_B_m), allowed)])
        return self


class KeepInCapsule(AroundSegment):
    """Bodies stay within radius_m of a segment."""

    keeps_in = True

    type: Literal["keep_in_capsule"] = "keep_in_capsule"


class KeepOutCapsule(AroundSegment):
    """Bodies stay outside everything within radius_m of a segment: a vessel, a nerve."""

    keeps_in = False

    type: Literal["keep_out_capsule"] = "keep_out_capsule"


class KeepInCylinder(AroundSegment):
    """Bodies stay in a finite cylinder with flat ends."""

    keeps_in = True

    type: Literal["keep_in_cylinder"] = "keep_in_cylinder"


class KeepOutCylinder(AroundSegment):
    """Bodies stay outside a finite cylinder with flat ends."""

    keeps_in = False

    type: Literal["keep_out_cylinder"] = "keep_out_cylinder"
