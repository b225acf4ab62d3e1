"""A tape: a CasADi graph as a canonical list of elementary operations, the one form that is compiled, enclosed and proved.

Single static assignment: operation k writes register k and reads registers below k, so the text of a tape says everything about what
is computed and in which order. Constants are exact (hexadecimal floats). The SHA-256 of the text is the tape's identity.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import casadi as ca

from ..errors import InvalidInput

_UNARY = {
    ca.OP_NEG: "neg",
    ca.OP_SQ: "sq",
    ca.OP_TWICE: "twice",
    ca.OP_SQRT: "sqrt",
    ca.OP_SIN: "sin",
    ca.OP_COS: "cos",
    ca.OP_TAN: "tan",
    ca.OP_ASIN: "asin",
    ca.OP_ACOS: "acos",
    ca.OP_ATAN: "atan",
    ca.OP_EXP: "exp",
    ca.OP_LOG: "log",
    ca.OP_SINH: "sinh",
    ca.OP_COSH: "cosh",
    ca.OP_TANH: "tanh",
    ca.OP_FABS: "fabs",
    ca.OP_SIGN: "sign",
    ca.OP_INV: "inv",
    ca.OP_NOT: "not",
}
_BINARY = {
    ca.OP_ADD: "add",
    ca.OP_SUB: "sub",
    ca.OP_MUL: "mul",
    ca.OP_DIV: "div",
    ca.OP_POW: "pow",
    ca.OP_CONSTPOW: "pow",
    ca.OP_ATAN2: "atan2",
    ca.OP_FMIN: "fmin",
    ca.OP_FMAX: "fmax",
    ca.OP_LT: "lt",
    ca.OP_LE: "le",
    ca.OP_EQ: "eq",
    ca.OP_NE: "ne",
    ca.OP_AND: "and",
    ca.OP_OR: "or",
    ca.OP_IF_ELSE_ZERO: "if_else_zero",
}

UNARY, BINARY = frozenset(_UNARY.values()), frozenset(_BINARY.values())


@dataclass(frozen=True)
class Operation:
    """One register: `word` applied to registers `args`; for "const" the value; for "input" args = (which input, which entry)."""

    word: str
    args: tuple[int, ...] = ()
    value: float = 0.0

    def __str__(self) -> str:
        return f"const {self.value.hex()}" if self.word == "const" else " ".join([self.word, *map(str, self.args)])


@dataclass(frozen=True)
class Tape:
    """f(x_0, .., x_i) -> (y_0, .., y_o), all dense columns of doubles.

    input_sizes, output_sizes: entries of each x and y. operations: register k is operations[k].
    outputs: for each y the registers of its entries, in order.
    """

    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(function: ca.Function) -> "Tape":
        """Read the tape of an SX function.

        Raises:
            InvalidInput: an input or output that is not dense (a sparse one indexes nonzeros, not entries), a free symbol, a
                constant that is not finite, an output that is never written, an operation that tapes do not have.
        """
        name = function.name()
        if function.has_free():
            raise InvalidInput(f"{name}: free symbols {function.get_free()}")
        ports = [(function.sparsity_in(i), function.name_in(i)) for i in range(function.n_in())]
        ports += [(function.sparsity_out(i), function.name_out(i)) for i in range(function.n_out())]
        sparse = [port for sparsity, port in ports if not sparsity.is_dense()]
        if sparse:
            raise InvalidInput(f"{name}: {sparse} are not dense")
        reader = _Reader(name, [[-1] * function.numel_out(i) for i in range(function.n_out())])
        for k in range(function.n_instructions()):
            reader.read(function, k)
        if any(register < 0 for registers in reader.outputs for register in registers):
            raise InvalidInput(f"{name}: an output entry is never written")
        return Tape(
            tuple(function.numel_in(i) for i in range(function.n_in())),
            tuple(function.numel_out(i) for i in range(function.n_out())),
            tuple(reader.operations),
            tuple(tuple(registers) for registers in reader.outputs),
        )

    @cached_property
    def text(self) -> str:
        """The canonical text: sizes, one operation a line, then the registers of each output."""
        head = f"tape 1\nin {' '.join(map(str, self.input_sizes))}\nout {' '.join(map(str, self.output_sizes))}\n"
        body = "".join(f"{operation}\n" for operation in self.operations)
        return head + body + "".join(f"y {' '.join(map(str, registers))}\n" for registers in self.outputs)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, hex."""
        return sha256(self.text.encode("ascii")).hexdigest()


class _Reader:
    """Renames CasADi's reused work slots to registers that are written once."""

    def __init__(self, name: str, outputs: list[list[int]]) -> None:
        self.name, self.outputs = name, outputs
        self.operations: list[Operation] = []
        self._slot: dict[int, int] = {}

    def read(self, function: ca.Function, k: int) -> None:
        code, out, into = function.instruction_id(k), function.instruction_output(k), function.instruction_input(k)
        if code == ca.OP_OUTPUT:
            self.outputs[out[0]][out[1]] = self._slot[into[0]]
            return
        if code == ca.OP_CONST:
            value = float(function.instruction_constant(k))
            if not math.isfinite(value):
                raise InvalidInput(f"{self.name}: the constant {value} is not finite")
            operation = Operation("const", (), value)
        elif code == ca.OP_INPUT:
            operation = Operation("input", (into[0], into[1]))
        elif code in _UNARY:
            operation = Operation(_UNARY[code], (self._slot[into[0]],))
        elif code in _BINARY:
            operation = Operation(_BINARY[code], (self._slot[into[0]], self._slot[into[1]]))
        else:
            raise InvalidInput(f"{self.name}: operation {code} of instruction {k} has no place in a tape")
        self._slot[out[0]] = len(self.operations)
        self.operations.append(operation)
