"""Forward error analysis of a tape: every register's range over the box, and a bound of what rounding has made of it.

Register k holds x + d with |d| <= error where the real tape holds x in `range`. One operation rounds to nearest:
    fl(x) = x (1 + t) + s,   |t| <= 2^-53,  |s| <= 2^-1075        (s only for products, quotients and roots)
so add: e_a + e_b, multiply: |a| e_b + |b| e_a + e_a e_b, and so on, each plus its own rounding. Ranges and bounds are Arb balls, whose upper
ends are taken: the analysis itself rounds outward.
Assumes: machine code executes the tape's operations one by one, without contraction (toolkit.graph); sin and cos of the C library are
within LIBRARY_ULPS of the real value; nothing overflows (a range that is not finite is refused).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb

from toolkit import InvalidInput
from toolkit.graph import Operation, Tape

LIBRARY_ULPS = 2
"""More than twice what glibc states for sin and cos (1 ulp at most, in its manual); a number of the C library, not proved here."""
_U, _TINY = arb(2) ** -53, arb(2) ** -1074
_ZERO = arb(0)


@dataclass(frozen=True)
class Register:
    """range: of the real value over the box. error: bound of |executed - real|."""

    range: arb
    error: arb


def forward_error(tape: Tape, inputs: Sequence[Sequence[Register]]) -> list[list[Register]]:
    """The outputs of a tape.

    Args:
        inputs: for each input the ranges of its entries, and how far the executed ones are off already.
    Raises:
        InvalidInput: sizes that do not fit; an operation or a range that this analysis has no rule for, by name.
    """
    if tuple(map(len, inputs)) != tape.input_sizes:
        raise InvalidInput(f"forward error: inputs of {[len(x) for x in inputs]} entries, the tape has {tape.input_sizes}")
    registers: list[Register] = []
    for k, operation in enumerate(tape.operations):
        if operation.word == "input":
            found = inputs[operation.args[0]][operation.args[1]]
        elif operation.word == "const":
            found = Register(arb(operation.value), _ZERO)
        else:
            found = _applied(operation, [registers[i] for i in operation.args])
        if not (found.range.is_finite() and found.error.is_finite()):
            raise InvalidInput(f"forward error: register {k} ({operation}) is not bounded over the box")
        registers.append(Register(found.range, found.error.abs_upper()))
    return [[registers[i] for i in output] for output in tape.outputs]


def _applied(operation: Operation, a: list[Register]) -> Register:
    if operation.word not in _RULES:
        raise InvalidInput(f"forward error: no rule for {operation.word}")
    return _RULES[operation.word](*a)


def _rounded(real: arb, carried: arb, underflows: bool = True) -> Register:
    """A result rounded once, after its operands' errors were carried into it."""
    return Register(real, carried + _U * (real.abs_upper() + carried) + (_TINY if underflows else _ZERO))


def _add(a: Register, b: Register) -> Register:
    return _rounded(a.range + b.range, a.error + b.error, underflows=False)


def _subtract(a: Register, b: Register) -> Register:
    return _rounded(a.range - b.range, a.error + b.error, underflows=False)


def _multiply(a: Register, b: Register) -> Register:
    carried = a.range.abs_upper() * b.error + b.range.abs_upper() * a.error + a.error * b.error
    return _rounded(a.range * b.range, carried)


def _divide(a: Register, b: Register) -> Register:
    """|a~/b~ - a/b| <= (e_a + |a/b| e_b) / (|b| - e_b)."""
    left = b.range.abs_lower() - b.error
    if not left > 0:
        raise InvalidInput("forward error: a divisor that may be zero")
    quotient = a.range / b.range
    return _rounded(quotient, (a.error + quotient.abs_upper() * b.error) / left)


def _square_root(a: Register) -> Register:
    """|sqrt(x + d) - sqrt(x)| = |d| / (sqrt(x + d) + sqrt(x))."""
    low = arb(a.range.lower())
    if not low > a.error:
        raise InvalidInput("forward error: a root of what may be zero or below")
    return _rounded(a.range.sqrt(), a.error / (low.sqrt() + (low - a.error).sqrt()))


def _sine(a: Register) -> Register:
    return Register(a.range.sin(), a.error + LIBRARY_ULPS * arb(2) ** -52)


def _cosine(a: Register) -> Register:
    return Register(a.range.cos(), a.error + LIBRARY_ULPS * arb(2) ** -52)


def _larger(a: Register, b: Register) -> Register:
    return Register(a.range.max(b.range), a.error.max(b.error))


def _smaller(a: Register, b: Register) -> Register:
    return Register(a.range.min(b.range), a.error.max(b.error))


_RULES = {
    "add": _add,
    "sub": _subtract,
    "mul": _multiply,
    "div": _divide,
    "sqrt": _square_root,
    "sin": _sine,
    "cos": _cosine,
    "fmax": _larger,
    "fmin": _smaller,
    "neg": lambda a: Register(-a.range, a.error),
    "fabs": lambda a: Register(abs(a.range), a.error),
    "twice": lambda a: Register(2 * a.range, 2 * a.error),
    "sq": lambda a: _multiply(a, a),
}
