"""`primum audit replay`: the safety layer of a run built again from its directory, and every decision recomputed."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safety.audit import RecordKind, read_records, verify
from toolkit import SpecificationError
from verification.replay import Replayed, replay, replay_coils

from .coil_parts import coil_layer
from .robot_log import is_robot_log, read_robot_inputs
from .run_inputs import read_inputs
from .version import version_info

Again = Callable[[Callable[[int], None] | None], Replayed]

IDENTICAL, DECIDES_OTHERWISE, LOG_BROKEN, NUMBERS_DIFFER = 0, 3, 5, 6
"""Exit codes of a replay, beside 2: it cannot be made."""


@dataclass(frozen=True)
class RunReplay:
    """A replayed run. build: name -> (in the log, here) of everything that is not the same.

    wall_s: time that the replay took. integrity: what `audit verify` says; broken: it says no.
    """

    found: Replayed
    build: dict[str, tuple[str, str]]
    wall_s: float
    integrity: str
    broken: bool

    @property
    def exit_code(self) -> int:
        if self.found.decisive:
            return DECIDES_OTHERWISE
        if self.found.count:
            return NUMBERS_DIFFER
        return LOG_BROKEN if self.broken else IDENTICAL

    @property
    def statement(self) -> str:
        """One sentence: what this replay shows, and on which build."""
        found, where = self.found, "on the build that made the log" if not self.build else "although the build differs"
        if not found.count:
            return f"identical: {found.decisions} decisions recomputed bit for bit, {where}"
        same = "the build is the same: the log was changed, or the program does not repeat itself"
        build = "the build differs" if self.build else same
        return (
            f"not identical: {found.decisive} differences in what was decided, sent or remembered, {found.beside} in numbers and words "
            f"beside it; {build}"
        )


def replay_run(directory: Path, progress: Callable[[int], None] | None = None) -> RunReplay:
    """Replay the run in `directory`; needs nothing outside it but this program.

    Raises:
        SpecificationError: no log; an input of the run is gone or changed; a record cannot be replayed; nothing was decided.
    """
    start = _start(directory)
    again, hashes = _coils_again(directory, start) if is_robot_log(start) else _arm_again(directory, start)
    begun_s = time.perf_counter()
    found = again(progress)
    wall_s = time.perf_counter() - begun_s
    if not found.decisions:
        raise SpecificationError("nothing to replay: the safety layer decided nothing in this run", file=str(directory))
    integrity = verify(directory / "audit")
    return RunReplay(found, _build_differences(start, hashes), wall_s, str(integrity), not integrity.ok)


def _arm_again(directory: Path, start: Mapping[str, Any]) -> tuple[Again, dict[str, str]]:
    assembly = read_inputs(directory, start)
    layer, tick_map = assembly.safety_layer(), assembly.profile.tick_map
    return lambda progress: replay(_records(directory), layer, tick_map, progress), assembly.hashes


def _coils_again(directory: Path, start: Mapping[str, Any]) -> tuple[Again, dict[str, str]]:
    assembly = read_robot_inputs(directory, start)
    layer = coil_layer(assembly)
    return lambda progress: replay_coils(_records(directory), layer, progress), assembly.hashes


def _records(directory: Path) -> Iterator[dict[str, Any]]:
    """The records as they stand in the log. Wide integers stay integers: they are compared by value, so nothing need be known of them."""
    return read_records(directory / "audit", parse_int=int)


def _start(directory: Path) -> dict[str, Any]:
    """`meta` of the first record."""
    first = next(_records(directory), None)
    if first is None or first["kind"] != RecordKind.RUN_START:
        raise SpecificationError("the log does not begin with RUN_START", file=str(directory))
    meta = first["data"].get("meta")
    if not isinstance(meta, dict):
        raise SpecificationError("RUN_START says nothing of the run", file=str(directory), field="data.meta")
    return meta


def _build_differences(start: Mapping[str, Any], hashes: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Where the program that made the log and this one are not the same. Of two commits with the same source nothing is said."""
    said = {name: start.get(name) for name in ("build", "hashes")}
    build, digests = (value if isinstance(value, dict) else {} for value in said.values())
    logged = {**build, **{f"{name} SHA-256": digest for name, digest in digests.items()}}
    here = {**version_info(), **{f"{name} SHA-256": digest for name, digest in hashes.items()}}
    differs = {name: (str(logged.get(name, "")), str(here.get(name, ""))) for name in {**here, **logged}}
    differs = {name: pair for name, pair in differs.items() if pair[0] != pair[1]}
    if "source" not in differs:
        differs.pop("git_commit", None)
    return differs
