"""Arms by name, or by the path of a file."""

from collections.abc import Callable
from pathlib import Path

from ..errors import SpecificationError
from .dvrk import ecm, ecm_from_file, ecm_si, psm_classic, psm_from_files, psm_si
from .instrument import load_instrument
from .panda import panda
from .raven2 import raven2_left, raven2_right
from .serial_arm import SerialArm
from .urdf import load_urdf
from .versius_like import versius_like

_WITH_INSTRUMENT: dict[str, Callable[[str | Path], SerialArm]] = {"psm_classic": psm_classic, "psm_si": psm_si}
_DEFAULT_INSTRUMENT = {"psm_classic": "LARGE_NEEDLE_DRIVER:400006", "psm_si": "LARGE_NEEDLE_DRIVER:420006[1]"}
_FIXED: dict[str, Callable[[], SerialArm]] = {
    "ecm": ecm, "ecm_si": ecm_si, "panda": panda, "raven2_left": raven2_left, "raven2_right": raven2_right, "versius_like": versius_like,
}
ARM_NAMES = tuple(sorted([*_WITH_INSTRUMENT, *_FIXED]))


def load_arm(
    name_or_path: str | Path,
    instrument: str | Path | None = None,
    *,
    generation: str | None = None,
    tip_link: str | None = None,
    radius_m: float | None = None,
) -> SerialArm:
    """An arm this package ships (`ARM_NAMES`), or one from a file.

    Args:
        name_or_path: a name of ARM_NAMES; or a dVRK kinematic file (.json: with `instrument` and `generation` a PSM, without an ECM);
            or a .urdf with `tip_link` and `radius_m` (see `load_urdf`).
        instrument: a dVRK instrument such as "LARGE_NEEDLE_DRIVER:400006", or a tool file. psm_classic and psm_si have 400006 and
            420006[1] when it is left out; other named arms take none.
        generation: "Classic" or "Si", for a kinematic file with an instrument.
    Raises:
        SpecificationError: an unknown name (the message lists the known ones), or arguments that do not belong to this arm.
    """
    text = str(name_or_path)
    if text.endswith(".urdf"):
        if instrument is not None or generation is not None or tip_link is None or radius_m is None:
            raise SpecificationError("a URDF needs tip_link and radius_m, and takes no instrument or generation", file=text, field="arm")
        return load_urdf(Path(text), tip_link, radius_m)
    if tip_link is not None or radius_m is not None:
        raise SpecificationError("tip_link and radius_m belong to a .urdf file", field=text)
    if text.endswith(".json"):
        return _from_dvrk_file(Path(text), instrument, generation)
    if generation is not None:
        raise SpecificationError("generation belongs to a kinematic file; named arms have theirs", field=text)
    return _named(text, instrument)


def _from_dvrk_file(path: Path, instrument: str | Path | None, generation: str | None) -> SerialArm:
    if instrument is None and generation is None:
        return ecm_from_file(path, path.stem)
    if instrument is None or generation is None:
        raise SpecificationError("a PSM file needs both instrument and generation, an ECM file neither", file=str(path), field="arm")
    return psm_from_files(path, load_instrument(instrument, generation), path.stem)


def _named(name: str, instrument: str | Path | None) -> SerialArm:
    if name in _WITH_INSTRUMENT:
        return _WITH_INSTRUMENT[name](_DEFAULT_INSTRUMENT[name] if instrument is None else instrument)
    if name in _FIXED:
        if instrument is not None:
            raise SpecificationError(f"{name} takes no instrument, got {instrument!r}", field="instrument")
        return _FIXED[name]()
    raise SpecificationError(f"unknown arm {name!r}: allowed are {', '.join(ARM_NAMES)}, or the path of a .json or .urdf file", field="arm")
