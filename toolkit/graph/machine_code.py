"""Tapes compiled to machine code by LLVM: the same operations in the same order as CasADi's interpreter, about twenty times faster.

No fast-math and no contraction: every addition, product, quotient and root is the IEEE operation of the tape; sin and its kin are the
C library's, which CasADi calls too. So the results are CasADi's bit for bit (of two zeros, fmin and fmax may return the other one).
No compiler is needed: LLVM comes as a library.
"""

import ctypes
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import casadi as ca
import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from ..arrays import FloatArray
from ..errors import InvalidInput
from .tape import Operation, Tape

_DOUBLE, _INT = ir.DoubleType(), ir.IntType(64)
_ROW = _DOUBLE.as_pointer()
_ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_COMPARISON = {"lt": "<", "le": "<=", "eq": "=="}
_INTRINSIC = {"sqrt": "llvm.sqrt.f64", "fabs": "llvm.fabs.f64", "fmin": "llvm.minnum.f64", "fmax": "llvm.maxnum.f64"}
_LIBRARY = ("sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "sinh", "cosh", "tanh", "pow", "atan2")


class MachineCode:
    """f of a tape over rows: inputs (k, n_i), outputs (k, m_o), C-contiguous float64, bound to their memory once.

    Calling it with `rows` evaluates the first rows; the others are not touched. No allocation, no conversion.
    Raises:
        InvalidInput: the function has no tape (see Tape.of), or an array is not of the right type, layout or size, or on a few random
            points the code does not give CasADi's bits: a compiler is not taken at its word.
    """

    def __init__(self, function: ca.Function, inputs: Sequence[FloatArray], outputs: Sequence[FloatArray]) -> None:
        self.tape = Tape.of(function)
        arrays, sizes = (*inputs, *outputs), (*self.tape.input_sizes, *self.tape.output_sizes)
        if len(arrays) != len(sizes):
            raise InvalidInput(f"{function.name()}: {len(arrays)} arrays given, {len(sizes)} needed")
        self.rows = max((array.size // size for array, size in zip(arrays, sizes, strict=True) if size), default=0)
        for array, size in zip(arrays, sizes, strict=True):
            if not (array.size == size * self.rows and array.flags.c_contiguous and array.dtype == np.float64):
                needed = f"{self.rows * size} contiguous float64"
                raise InvalidInput(f"{function.name()}: a buffer of {needed} is needed, got {array.dtype} {array.shape}")
        self._bind(function, arrays, None)

    def __call__(self, rows: int) -> None:
        if not 0 <= rows <= self.rows:
            raise InvalidInput(f"machine code: {rows} rows asked for, bound to {self.rows}")
        self._call(rows, self._at)

    def _bind(self, function: ca.Function, arrays: Sequence[FloatArray], step: int | None) -> None:
        self._engine = _compiled(self.tape, step)
        self._call = _SIGNATURE(self._engine.get_function_address(_NAME))
        self._require_bits_of(function, step)
        self._table = np.array([array.ctypes.data for array in arrays], dtype=np.uint64)
        self._keep, self._at = arrays, self._table.ctypes.data

    def _require_bits_of(self, function: ca.Function, step: int | None) -> None:
        rng, sizes = np.random.default_rng(0), self.tape.input_sizes
        scales = 10.0 ** rng.uniform(-2.0, 4.0, (_TRIED, 1))
        inputs = [np.ascontiguousarray(rng.standard_normal((_TRIED, size)) * scales) for size in sizes]
        rows = [[x[i] for x in inputs] for i in range(_TRIED)]
        if step is not None:
            sequence = np.concatenate([inputs[0].ravel(), rng.standard_normal(step * (_TRIED - 1))])
            inputs, rows = [sequence], [[sequence[i * step : i * step + sizes[0]]] for i in range(_TRIED)]
        each = [np.concatenate([np.array(y).ravel() for y in function.call(row)]) for row in rows]
        found = [np.zeros((_TRIED if step is None else 1, size)) for size in self.tape.output_sizes]
        table = np.array([array.ctypes.data for array in (*inputs, *found)], dtype=np.uint64)
        self._call(_TRIED, table.ctypes.data)
        expected = np.array(each) if step is None else np.min(each, axis=0, keepdims=True)
        if not np.array_equal(np.concatenate(found, axis=1), expected, equal_nan=True):
            raise InvalidInput(f"{function.name()}: the machine code made of it does not compute what it says: not to be used")


class SlidingLeast(MachineCode):
    """The smallest of each output of f(x_i, .., x_(i+s-1)) over i: `sequence` holds the x one after the other, (k + s - 1, n).

    function: one input, s rows of n one after the other. least: (m,). Calling it with k evaluates k overlapping stretches of the
    sequence without copying any. An output that is NaN for one i is NaN.
    Raises:
        InvalidInput: as MachineCode, or the function's input is not whole rows of the sequence, or k is zero: least of nothing.
    """

    def __init__(self, function: ca.Function, sequence: FloatArray, least: FloatArray) -> None:
        self.tape = Tape.of(function)
        one_of_each = len(self.tape.input_sizes) == 1 and self.tape.output_sizes == (least.size,) and sequence.ndim == 2
        if not one_of_each or self.tape.input_sizes[0] % sequence.shape[1] or not self.tape.input_sizes[0]:
            raise InvalidInput(f"{function.name()}: not one input of whole rows of {sequence.shape} and one output of {least.shape}")
        for array in (sequence, least):
            if not (array.flags.c_contiguous and array.dtype == np.float64):
                raise InvalidInput(f"{function.name()}: a buffer of contiguous float64 is needed, got {array.dtype} {array.shape}")
        self.rows = sequence.shape[0] - self.tape.input_sizes[0] // sequence.shape[1] + 1
        self._bind(function, (sequence, least), sequence.shape[1])

    def __call__(self, rows: int) -> None:
        if not rows >= 1:
            raise InvalidInput(f"machine code: the least over {rows} rows was asked for")
        super().__call__(rows)


_NAME, _TRIED, _LONG = "evaluate", 4, 10_000
_SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)


@lru_cache(maxsize=256)
def _compiled(tape: Tape, step: int | None) -> Any:
    """The execution engine that holds evaluate(rows, table of pointers); its code lives as long as it does."""
    _start_llvm()
    module = llvm.parse_assembly(str(_module(tape, step)))
    module.verify()
    # Of the code generator's levels, 1 gives the speed of 2 in half the time, and 0 a quarter less speed in a third of that time
    # (measured): compiling counts where it takes seconds. Passes over the tape itself gain nothing.
    level = 1 if len(tape.operations) < _LONG else 0
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level
    )
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


@lru_cache(maxsize=1)
def _start_llvm() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    process = ctypes.CDLL(None)
    for name in _LIBRARY:
        llvm.add_symbol(name, ctypes.cast(getattr(process, name), ctypes.c_void_p).value)


def _module(tape: Tape, step: int | None) -> ir.Module:
    """evaluate(rows, table): for each row, load, compute, store. table: where the inputs' and then the outputs' rows begin.

    step: None, or how far the next row begins in the input; the outputs then have one row, which keeps the least.
    """
    module = ir.Module(name=tape.digest)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_INT, _ROW.as_pointer()]), name=_NAME)
    rows, table = function.args
    entry, head, body, end = (function.append_basic_block(name) for name in ("entry", "head", "body", "end"))
    builder = ir.IRBuilder(entry)
    sizes = (*tape.input_sizes, *tape.output_sizes)
    arrays = [builder.load(builder.gep(table, [_INT(i)])) for i in range(len(sizes))]
    if step is not None:
        for i in range(tape.output_sizes[0]):
            builder.store(_DOUBLE(float("inf")), builder.gep(arrays[-1], [_INT(i)]))
    builder.branch(head)
    builder.position_at_end(head)
    row = builder.phi(_INT)
    row.add_incoming(_INT(0), entry)
    builder.cbranch(builder.icmp_signed("<", row, rows), body, end)
    builder.position_at_end(body)
    steps = sizes if step is None else (step, 0)
    starts = [builder.gep(array, [builder.mul(row, _INT(by))]) for array, by in zip(arrays, steps, strict=True)]
    writer = _Writer(builder, module, starts)
    for operation in tape.operations:
        writer.write(operation)
    for start, registers in zip(starts[len(tape.input_sizes) :], tape.outputs, strict=True):
        for i, register in enumerate(registers):
            place, value = builder.gep(start, [_INT(i)]), writer.registers[register]
            builder.store(value if step is None else _least(builder, value, builder.load(place)), place)
    row.add_incoming(builder.add(row, _INT(1)), body)
    builder.branch(head)
    builder.position_at_end(end)
    builder.ret_void()
    return module


def _least(builder: ir.IRBuilder, value: ir.Value, least: ir.Value) -> ir.Value:
    """The smaller of two, NaN if one of them is: `unordered` is true of any NaN, and a `least` that is NaN stays."""
    return builder.select(builder.and_(builder.fcmp_unordered("<", value, least), builder.fcmp_ordered("ord", least, least)), value, least)


class _Writer:
    """One LLVM value for each register of the tape. A comparison is 1.0 or 0.0, as in CasADi; true is what differs from zero."""

    def __init__(self, builder: ir.IRBuilder, module: ir.Module, starts: list[ir.Value]) -> None:
        self._builder, self._module, self._starts = builder, module, starts
        self.registers: list[ir.Value] = []

    def write(self, operation: Operation) -> None:
        """Append the operation's value."""
        if operation.word == "const":
            value = _DOUBLE(operation.value)
        elif operation.word == "input":
            port, entry = operation.args
            value = self._builder.load(self._builder.gep(self._starts[port], [_INT(entry)]))
        else:
            value = self._value(operation.word, [self.registers[arg] for arg in operation.args])
        self.registers.append(value)

    def _value(self, word: str, x: list[ir.Value]) -> ir.Value:
        b = self._builder
        if word in _ARITHMETIC:
            return getattr(b, _ARITHMETIC[word])(*x)
        if word in _COMPARISON:
            return self._number(b.fcmp_ordered(_COMPARISON[word], *x))
        if word in _INTRINSIC or word in _LIBRARY:
            return b.call(self._function(_INTRINSIC.get(word, word), len(x)), x)
        other: dict[str, Callable[[], ir.Value]] = {
            "neg": lambda: b.fneg(x[0]),
            "sq": lambda: b.fmul(x[0], x[0]),
            "twice": lambda: b.fadd(x[0], x[0]),
            "inv": lambda: b.fdiv(_DOUBLE(1.0), x[0]),
            "sign": lambda: self._sign(x[0]),
            "ne": lambda: self._number(b.fcmp_unordered("!=", *x)),
            "not": lambda: self._number(b.not_(self._true(x[0]))),
            "and": lambda: self._number(b.and_(self._true(x[0]), self._true(x[1]))),
            "or": lambda: self._number(b.or_(self._true(x[0]), self._true(x[1]))),
            "if_else_zero": lambda: b.select(self._true(x[0]), x[1], _DOUBLE(0.0)),
        }
        if word not in other:
            raise InvalidInput(f"machine code: no translation of {word!r}")
        return other[word]()

    def _sign(self, x: ir.Value) -> ir.Value:
        """-1, 1, or x itself where it is zero or NaN."""
        b, zero = self._builder, _DOUBLE(0.0)
        above = b.select(b.fcmp_ordered(">", x, zero), _DOUBLE(1.0), x)
        return b.select(b.fcmp_ordered("<", x, zero), _DOUBLE(-1.0), above)

    def _true(self, x: ir.Value) -> ir.Value:
        return self._builder.fcmp_unordered("!=", x, _DOUBLE(0.0))

    def _number(self, bit: ir.Value) -> ir.Value:
        return self._builder.uitofp(bit, _DOUBLE)

    def _function(self, name: str, arguments: int) -> ir.Function:
        known = self._module.globals.get(name)
        return known or ir.Function(self._module, ir.FunctionType(_DOUBLE, [_DOUBLE] * arguments), name=name)
