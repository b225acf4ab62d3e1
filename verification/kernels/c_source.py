"""A tape as C: one call per operation on 16 boxes at a time, after the operations of `lanes.c`."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from toolkit.graph import Tape

from .trigonometry import COSINE_TERMS, ERROR, HALF_PI_PARTS, NEAR, ONE_OVER_TWO_PI, REDUCIBLE, SINE_TERMS, TWO_OVER_PI
from .words import check_words

LANES = 16
_NAMES = {
    "neg": "neg", "twice": "twice", "sq": "sq", "sqrt": "sqrt_", "fabs": "fabs_", "inv": "inv", "add": "add", "sub": "sub", "mul": "mul",
    "div": "div_", "fmin": "fmin_", "fmax": "fmax_",
}  # fmt: skip
_STATEMENTS_PER_FUNCTION = 500  # a compiler's time grows faster than a function's length


def c_source(tape: Tape) -> str:
    """Source of `void enclose(ptrdiff_t blocks, lower, upper, low, high)`: `blocks` times 16 boxes, row-major (boxes, entries) of double.

    Raises:
        InvalidInput: an operation that has no enclosure.
    """
    statements, turned = _statements(tape, check_words(tape))
    chunks = [statements[i : i + _STATEMENTS_PER_FUNCTION] for i in range(0, len(statements), _STATEMENTS_PER_FUNCTION)]
    arguments = "const double *lower, const double *upper, double *low, double *high, box *r, box *s, box *c, box *ends"
    parts = [f"static void part_{i}({arguments}) {{\n{chr(10).join(chunk)}\n}}" for i, chunk in enumerate(chunks)]
    calls = "\n".join(f"part_{i}(lower, upper, low, high, r, s, c, &ends);" for i in range(len(chunks)))
    n_in, n_out = tape.input_sizes[0] * LANES, sum(tape.output_sizes) * LANES
    main = f"""void enclose(ptrdiff_t blocks, const double *lower, const double *upper, double *low, double *high) {{
static _Thread_local box r[{len(tape.operations) + 1}], s[{max(turned, 1)}], c[{max(turned, 1)}];
box ends;
for (ptrdiff_t k = 0; k < blocks; k++, lower += {n_in}, upper += {n_in}, low += {n_out}, high += {n_out}) {{
constant(&ends, 0.0);
{calls}
}}
}}
"""
    return "\n".join([f"/* tape {tape.digest} */", _constants(), _lanes(), *parts, main])


def _statements(tape: Tape, exponents: Mapping[int, int]) -> tuple[list[str], int]:
    """One statement per operation; and of how many registers sin and cos are taken, both at once."""
    unread = set(range(tape.input_sizes[0])) - {operation.args[1] for operation in tape.operations if operation.word == "input"}
    spare = len(tape.operations)
    lines = [f"read_input(r + {spare}, lower + {i}, upper + {i}, {tape.input_sizes[0]}, ends);" for i in sorted(unread)]
    turned: dict[int, int] = {}
    for k, operation in enumerate(tape.operations):
        word, args = operation.word, operation.args
        if word == "const":
            lines.append(f"constant(r + {k}, {operation.value.hex()});")
        elif word == "input":
            lines.append(f"read_input(r + {k}, lower + {args[1]}, upper + {args[1]}, {tape.input_sizes[0]}, ends);")
        elif word in ("sin", "cos", "tan"):
            if args[0] not in turned:
                turned[args[0]] = len(turned)
                lines.append(f"sincos_(s + {turned[args[0]]}, c + {turned[args[0]]}, r + {args[0]});")
            t = turned[args[0]]
            lines.append(f"div_(r + {k}, s + {t}, c + {t}, ends);" if word == "tan" else f"r[{k}] = {word[0]}[{t}];")
        elif word == "pow":
            lines.append(f"power(r + {k}, r + {args[0]}, {exponents[k]}, ends);")
        elif word == "mul" and "const" in (tape.operations[args[0]].word, tape.operations[args[1]].word):
            factor, other = args if tape.operations[args[0]].word == "const" else args[::-1]
            lines.append(f"scale(r + {k}, r + {other}, {tape.operations[factor].value.hex()}, ends);")
        else:
            lines.append(f"{_NAMES[word]}(r + {k}, {', '.join(f'r + {arg}' for arg in args)}, ends);")
    outputs = [register for registers in tape.outputs for register in registers]
    lines += [f"write_output(low + {i}, high + {i}, r + {k}, ends, {len(outputs)});" for i, k in enumerate(outputs)]
    return lines, len(turned)


def _constants() -> str:
    """The numbers of the trigonometry, as exact literals."""
    values = dict(zip(("HALF_PI_1", "HALF_PI_2", "HALF_PI_3"), HALF_PI_PARTS, strict=True))
    values |= {"TWO_OVER_PI": TWO_OVER_PI, "ONE_OVER_TWO_PI": ONE_OVER_TWO_PI, "REDUCIBLE": REDUCIBLE, "NEAR": NEAR, "ERROR": ERROR}
    lines = [f"#define {name} {value.hex()}" for name, value in values.items()]
    return "\n".join([*lines, f"#define SINE_TAYLOR(y) {_horner(SINE_TERMS)}", f"#define COSINE_TAYLOR(y) {_horner(COSINE_TERMS)}"])


def _horner(terms: Sequence[float]) -> str:
    text = f"({terms[-1].hex()})"
    for term in terms[-2::-1]:
        text = f"({text} * (y) + ({term.hex()}))"
    return text


def _lanes() -> str:
    return files(__package__).joinpath("lanes.c").read_text(encoding="utf-8")
