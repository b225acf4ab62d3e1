"""Enclosures of a tape over batches of boxes, in numpy: always there, and what the compiled kernel is compared with."""

import numpy as np

from toolkit import FloatArray, InvalidInput
from toolkit.graph import Tape

from . import operations as op
from .rounding import check_arithmetic, enclose
from .trigonometry import sine_cosine
from .words import check_words

CHUNK = 4096  # boxes at a time: the registers of a chunk stay in the processor's cache

_UNARY = {"neg": op.negate, "sq": op.square, "twice": op.twice, "sqrt": op.square_root, "fabs": op.absolute, "inv": op.reciprocal}
_BINARY = {"add": op.add, "sub": op.subtract, "mul": op.multiply, "div": op.divide, "fmin": op.minimum, "fmax": op.maximum}


class NumpyKernel:
    """f(X) for boxes X: bounds of every output of a tape with one input vector.

    Raises:
        InvalidInput: a tape with several inputs, or with an operation that has no enclosure.
    """

    name = "numpy"

    def __init__(self, tape: Tape) -> None:
        if len(tape.input_sizes) != 1:
            raise InvalidInput(f"tape {tape.digest[:12]}: a kernel takes one input vector, not {len(tape.input_sizes)}")
        self.tape = tape
        self.n_inputs, self.n_outputs = tape.input_sizes[0], sum(tape.output_sizes)
        self._exponents = check_words(tape)

    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Bounds (N, outputs) over boxes lower <= x <= upper, each (N, inputs).

        A box whose ends are not finite and in order, or on which any register overflowed or was undefined, gives NaN in all its outputs:
        whoever asks `upper < 0` is told no.

        Raises:
            InvalidInput: wrong shapes.
            SolverFailure: the processor does not round to nearest.
        """
        check_arithmetic()
        if not (lower.shape == upper.shape and lower.ndim == 2 and lower.shape[1] == self.n_inputs):
            raise InvalidInput(f"boxes: expected (N, {self.n_inputs}) twice, got {lower.shape} and {upper.shape}")
        low, high = np.empty((lower.shape[0], self.n_outputs)), np.empty((lower.shape[0], self.n_outputs))
        with np.errstate(all="ignore"):
            for start in range(0, lower.shape[0], CHUNK):
                part = slice(start, start + CHUNK)
                rows = self._evaluate([enclose(lower[part, i], upper[part, i]) for i in range(self.n_inputs)])
                low[part], high[part] = -rows[:, 0].T, rows[:, 1].T
        return low, high

    def _evaluate(self, inputs: list[FloatArray]) -> FloatArray:
        """(outputs, 2, N). `ends` sums all ends of all registers: it is finite only if every one of them is."""
        registers: list[FloatArray] = []
        ends = sum(inputs, start=np.zeros(inputs[0].shape))
        turned: dict[int, tuple[FloatArray, FloatArray]] = {}
        for k, operation in enumerate(self.tape.operations):
            if operation.word == "input":
                registers.append(inputs[operation.args[1]])
            elif operation.word == "const":
                registers.append(op.constant(operation.value))
            else:
                registers.append(self._apply(k, registers, turned))
                ends += registers[k]
        shape = ends.shape
        rows = np.stack([np.broadcast_to(registers[k], shape) for entries in self.tape.outputs for k in entries])
        rows[:, :, ~np.isfinite(ends).all(axis=0)] = np.nan
        return rows

    def _apply(self, k: int, registers: list[FloatArray], turned: dict[int, tuple[FloatArray, FloatArray]]) -> FloatArray:
        operation = self.tape.operations[k]
        word, a = operation.word, registers[operation.args[0]]
        if word in ("sin", "cos", "tan"):
            of = operation.args[0]
            if of not in turned:
                turned[of] = sine_cosine(a)
            sine, cosine = turned[of]
            return sine if word == "sin" else cosine if word == "cos" else op.divide(sine, cosine)
        if word == "pow":
            return op.power(a, self._exponents[k])
        if word in _UNARY:
            return _UNARY[word](a)
        b = registers[operation.args[1]]
        if word == "mul" and a.shape[1] == 1 and self.tape.operations[operation.args[0]].word == "const":
            return op.scale(b, float(a[1, 0]))
        if word == "mul" and b.shape[1] == 1 and self.tape.operations[operation.args[1]].word == "const":
            return op.scale(a, float(b[1, 0]))
        return _BINARY[word](a, b)
