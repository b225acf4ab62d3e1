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
        InvalidInput: the function has no tape (see Tape.of), or an array is not of the right type, layout or size.
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
        self._engine = _compiled(self.tape)
        self._call = _SIGNATURE(self._engine.get_function_address(_NAME))
        self._table = np.array([array.ctypes.data for array in arrays], dtype=np.uint64)
        self._keep, self._at = arrays, self._table.ctypes.data

    def __call__(self, rows: int) -> None:
        if not 0 <= rows <= self.rows:
            raise InvalidInput(f"machine code: {rows} rows asked for, bound to {self.rows}")
        self._call(rows, self._at)


_NAME = "evaluate"
_SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)


@lru_cache(maxsize=256)
def _compiled(tape: Tape) -> Any:
    """The execution engine that holds evaluate(rows, table of pointers); its code lives as long as it does."""
    _start_llvm()
    module = llvm.parse_assembly(str(_module(tape)))
    module.verify()
    # Optimisation 2 of the code generator is register allocation and scheduling; passes over the tape itself gain nothing.
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
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


def _module(tape: Tape) -> ir.Module:
    """evaluate(rows, table): for each row, load, compute, store. table: where the inputs' and then the outputs' rows begin."""
    module = ir.Module(name=tape.digest)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_INT, _ROW.as_pointer()]), name=_NAME)
    rows, table = function.args
    entry, head, body, end = (function.append_basic_block(name) for name in ("entry", "head", "body", "end"))
    builder = ir.IRBuilder(entry)
    sizes = (*tape.input_sizes, *tape.output_sizes)
    arrays = [builder.load(builder.gep(table, [_INT(i)])) for i in range(len(sizes))]
    builder.branch(head)
    builder.position_at_end(head)
    row = builder.phi(_INT)
    row.add_incoming(_INT(0), entry)
    builder.cbranch(builder.icmp_signed("<", row, rows), body, end)
    builder.position_at_end(body)
    starts = [builder.gep(array, [builder.mul(row, _INT(size))]) for array, size in zip(arrays, sizes, strict=True)]
    writer = _Writer(builder, module, starts)
    for operation in tape.operations:
        writer.write(operation)
    for start, registers in zip(starts[len(tape.input_sizes) :], tape.outputs, strict=True):
        for i, register in enumerate(registers):
            builder.store(writer.registers[register], builder.gep(start, [_INT(i)]))
    row.add_incoming(builder.add(row, _INT(1)), body)
    builder.branch(head)
    builder.position_at_end(end)
    builder.ret_void()
    return module


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
