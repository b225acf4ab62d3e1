"""The constraints of a procedure over a window, in the four forms of the guarantee: B, P, N and D.

    (B)  slack = min_j (low_j - lower_j, upper_j - high_j)                            exact
    (P)  slack = offset - radius - sup n.P - eps_R     all points of a body against the same n, |n| = 1
    (N)  slack = limit - sup |Q (f - s)| - eps_R
    (D)  slack = that of the first branch where it is >= 0, else of the second
The slack that is shown pays no eta: nothing is rounded. The stated one is the shield's formula, its K and eta included, evaluated exactly.
Names of margins and their order are the shield's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, NamedTuple

from flint import arb, arb_mat, fmpq

from ..checker.chain import Path, column, squared
from ..checker.exact import exactly
from ..checker.problem import Problem
from ..checker.regions import Faces
from ..checker.strict_json import RejectedError, number
from . import planes
from .expansion import Bounds, Reach, WindowGeometry, centre_path
from .kept_region import Avoided, Tube, avoided_of, faces_of, tube_of

_ACROSS = arb_mat(3, 3, [1, 0, 0, 0, 1, 0, 0, 0, 0])
RATES = ("speed", "acceleration")


class Slack(NamedTuple):
    """shown: a ball whose lower end is shown for every configuration of the window; stated: what the shield's formula says."""

    shown: arb
    stated: arb

    def least(self, other: "Slack") -> "Slack":
        return Slack(self.shown.min(other.shown), self.stated.min(other.stated))

    def most(self, other: "Slack") -> "Slack":
        return Slack(self.shown.max(other.shown), self.stated.max(other.stated))


class Margin(NamedTuple):
    """One margin of a window: the shield's name for it, its unit, and how it is found."""

    name: str
    unit: str
    slack: Callable[[WindowGeometry], Slack]


def margins_of(problem: Problem) -> list[Margin]:
    """Every B, P, N and D constraint of the procedure; commanded rates are claimed for setpoints, not for windows.

    Raises:
        RejectedError: a constraint that is not understood: left out, it would look shown.
    """
    a5, a6 = (problem.data["procedure"]["assumptions"][key] for key in ("A5", "A6"))
    eps = arb(sum((exactly(number(a5, key, 0, 0.1)) for key in ("registration_error_m", "model_error_m")), fmpq(0)))
    build = _Build(problem, eps, arb(exactly(number(a6, "float_error_m", 0, 0.1))))
    return [margin for c in problem.constraints.values() if c["type"] not in RATES for margin in build.margins(c)]


@dataclass(frozen=True)
class _Build:
    problem: Problem
    eps: arb
    eta: arb

    def margins(self, c: dict[str, Any]) -> Iterator[Margin]:
        kind, name = c["type"], c["name"]
        if kind.startswith("keep_in_"):
            yield from self._inside(c)
        elif kind.startswith("keep_out_"):
            bodies = [self.problem.model.bodies[body] for body in c["bodies"]]
            yield Margin(name, "m", partial(self._outside, avoided_of(c), bodies))
        elif kind == "joint_limits":
            for unit, slides in (("rad", False), ("m", True)):
                joints = [j for j in range(self.problem.n) if self._slides(j) == slides]
                if joints:
                    yield Margin(f"{name}.{unit}", unit, partial(self._limits, joints))
        elif kind == "insertion_rule":
            yield Margin(name, "m or rad", self._insertion_rule(c))
        elif kind == "rcm":
            yield Margin(name, "m", partial(self._remote_centre, arb(exactly(number(c, "limit_m", 0, 0.1)))))
        else:
            raise RejectedError(f"constraint of type {kind[:40]}: not one of the forms B, P, N, D")

    def _inside(self, c: dict[str, Any]) -> Iterator[Margin]:
        name, tube, faces = c["name"], tube_of(c), faces_of(c)
        if tube is None and faces is None:
            raise RejectedError(f"constraint of type {c['type'][:40]}: unknown")
        side, ends = (".side", ".ends") if tube is not None and faces is not None else ("", "")
        if tube is not None:
            yield Margin(name + side, "m", partial(self._inside_tube, tube, self._radii(c)))
        if faces is not None:
            yield Margin(name + ends, "m", partial(self._inside_faces, faces, self._radii(c)))

    def _slack(self, room: arb, reach: Reach) -> Slack:
        left = room - self.eps - reach.first
        return Slack(left - reach.rest, left - reach.stated - self.eta)

    def _radii(self, c: dict[str, Any]) -> dict[str, arb]:
        """Point -> largest radius of the bodies it belongs to. A convex set holds a hull when it holds its points."""
        radii: dict[str, float] = {}
        for body in c["bodies"]:
            points, radius = self.problem.model.bodies[body]
            for point in points:
                radii[point] = max(radii.get(point, 0.0), radius)
        return {point: arb(exactly(radius)) for point, radius in radii.items()}

    def _inside_faces(self, faces: Faces, radii: Mapping[str, arb], window: WindowGeometry) -> Slack:
        of = [self._slack(b - radius, window.point(point).along(n)) for point, radius in radii.items() for n, b in faces.faces]
        return reduce(Slack.least, of)

    def _inside_tube(self, tube: Tube, radii: Mapping[str, arb], window: WindowGeometry) -> Slack:
        Q, of = tube.projector(), []
        for point, radius in radii.items():
            f = window.point(point)
            of.append(self._slack(tube.radius - radius, f.norm(Q, tube.near(f.value))))
        return reduce(Slack.least, of)

    def _outside(self, region: Avoided, bodies: Sequence[tuple[tuple[str, ...], float]], window: WindowGeometry) -> Slack:
        return reduce(Slack.least, [self._body_outside(region, points, arb(exactly(radius)), window) for points, radius in bodies])

    def _body_outside(self, region: Avoided, points: Sequence[str], radius: arb, window: WindowGeometry) -> Slack:
        """Every point of the body beyond the same plane; the best of the proposed planes counts."""
        f = [window.point(point) for point in points]
        a, b = ([float(x.mid()) for x in end.value.entries()] for end in (f[0], f[-1]))
        found = []
        for direction in filter(planes.has_length, region.directions(a, b)):
            n = column(direction)
            n = n * (1 / squared(n).sqrt())
            room = -region.support(n) - radius
            found.append(reduce(Slack.least, [self._slack(room, point.along(-n)) for point in f]))
        if not found:
            raise RejectedError("no plane to try: the body's axis meets the region's")
        return reduce(Slack.most, found)

    def _limits(self, joints: Sequence[int], window: WindowGeometry) -> Slack:
        """problem.limits are grown by e, and so is the box: the difference of their ends is that of the limits and the box itself."""
        slacks = []
        for j in joints:
            (lower, upper), e = self.problem.limits[j], self._e(j)
            slacks += [window.box.low[j] - (lower + e), (upper - e) - window.box.high[j]]
        least = arb(min(slacks))
        return Slack(least, least)

    def _e(self, j: int) -> fmpq:
        return exactly(number({"e": self.problem.data["tube"]["e"][j]}, "e", 0, 1))

    def _slides(self, j: int) -> bool:
        return bool(self.problem.data["profile"]["joints"][j]["type"] == "prismatic")

    def _insertion_rule(self, c: dict[str, Any]) -> Callable[[WindowGeometry], Slack]:
        past_m, straight = exactly(number(c, "wrist_past_rcm_m", 0, 1)), exactly(number(c, "straight_tolerance_rad", 0, 1))
        wrist = [j for j, name in enumerate(self.problem.model.names) if name.startswith("wrist")]
        to_centre, to_wrist = centre_path(self.problem), self.problem.model.points.get("wrist")
        if not wrist or to_wrist is None or self.problem.model.centre is None:
            raise RejectedError("insertion rule: no wrist, or no remote centre")
        from_shaft = Path(to_wrist.joints[len(self.problem.model.centre[0].joints) :], to_wrist.p)

        def slack(window: WindowGeometry) -> Slack:
            box = window.box.outward
            depth = from_shaft.at(box)[2, 0] - to_centre.at(box)[2, 0]  # along the shaft, which is the z axis of its frame
            past = arb(depth.lower()) - arb(past_m)
            if not past >= 0:
                low, high = window.box.low, window.box.high
                past = arb(min(straight - max(abs(low[j]), abs(high[j])) for j in wrist))
            return Slack(past, past)

        return slack

    def _remote_centre(self, limit: arb, window: WindowGeometry) -> Slack:
        return self._slack(limit, window.centre.norm(_ACROSS, column([0, 0, 0])))


def slacks(margins: Sequence[Margin], window: WindowGeometry) -> list[Slack]:
    """Slack of each margin over the window; not finite where nothing could be shown."""
    found = []
    for margin in margins:
        try:
            found.append(margin.slack(window))
        except RejectedError:  # an intermediate result is not finite, or there was no plane: this window is not re-proved
            found.append(Slack(arb.nan(), arb.nan()))
    return found


__all__ = ["RATES", "Bounds", "Margin", "Slack", "margins_of", "slacks"]
