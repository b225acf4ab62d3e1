"""Arm models: one mechanism for modified DH, standard DH and URDF, as CasADi graphs with limits, bodies and their sources."""

from .body import Body, BodyPoint, ShaftLine
from .catalogue import ARM_NAMES, load_arm
from .dh import DhRow, modified_dh_chain, standard_dh_chain
from .dvrk import ecm, ecm_si, psm_classic, psm_si
from .instrument import Instrument, load_instrument
from .joint import Frame, Joint, JointKind
from .limits import JointLimits
from .panda import panda
from .raven2 import raven2_left, raven2_right
from .serial_arm import SerialArm
from .urdf import load_urdf
from .versius_like import VersiusLikeParameters, versius_like

__all__ = [
    "ARM_NAMES",
    "Body",
    "BodyPoint",
    "DhRow",
    "Frame",
    "Instrument",
    "Joint",
    "JointKind",
    "JointLimits",
    "SerialArm",
    "ShaftLine",
    "VersiusLikeParameters",
    "ecm",
    "ecm_si",
    "load_arm",
    "load_instrument",
    "load_urdf",
    "modified_dh_chain",
    "panda",
    "psm_classic",
    "psm_si",
    "raven2_left",
    "raven2_right",
    "standard_dh_chain",
    "versius_like",
]
