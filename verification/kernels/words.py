"""Which operations of a tape can be enclosed, and the powers among them: one list, so that all kernels refuse alike."""

import math
from collections.abc import Mapping

from toolkit import InvalidInput
from toolkit.graph import Tape

ENCLOSED = frozenset(
    {"const", "input", "neg", "add", "sub", "mul", "div", "inv", "sq", "twice", "sqrt", "sin", "cos", "tan", "fabs", "fmin", "fmax", "pow"}
)
POWER_MAX = 64


def check_words(tape: Tape) -> Mapping[int, int]:
    """The whole exponent of every `pow`, by register.

    Raises:
        InvalidInput: an operation no kernel encloses, or a power whose exponent is not a constant whole number within +-64.
    """
    unknown = sorted({operation.word for operation in tape.operations} - ENCLOSED)
    if unknown:
        raise InvalidInput(f"tape {tape.digest[:12]}: no enclosure of {unknown}; there is one of {sorted(ENCLOSED)}")
    exponents = {}
    for k, operation in enumerate(tape.operations):
        if operation.word == "pow":
            exponent = tape.operations[operation.args[1]]
            if not (exponent.word == "const" and exponent.value == math.floor(exponent.value) and abs(exponent.value) <= POWER_MAX):
                raise InvalidInput(f"tape {tape.digest[:12]}: register {k}: only constant whole powers up to {POWER_MAX} are enclosed")
            exponents[k] = int(exponent.value)
    return exponents
