"""Exact algebra over the rationals, and expressions over balls: identities, sums of squares, witnesses for every part of a box."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from flint import Ordering, arb, fmpq, fmpq_mpoly_ctx

from .cover import Function, check_tree
from .exact import Box, box_of, exact_floats, finite, rational
from .problem import Problem
from .strict_json import fields, integer, listed, name, need

_NODES_MAX, _TERMS_MAX = 20_000, 100_000


def check_identity(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """left = right wherever c^2 + s^2 = 1 for every relation [c, s]."""
    called, variables, relations, left, right = fields(certificate, "name variables relations left right")
    pairs = [listed(pair, 2, 2, "relations") for pair in listed(relations, 0, 64, "relations")]
    used = [v for pair in pairs for v in pair]
    need(all(v in variables for v in used) and len(set(used)) == len(used), "relations: an unknown variable, or one twice")
    symbols = _symbols([*used, *(v for v in listed(variables, 1, 128, "variables") if v not in used)])
    need(len(symbols) == len(variables), "variables: one stands twice")
    difference = _polynomial(left, symbols) - _polynomial(right, symbols)
    for c, s in pairs:
        difference = divmod(difference, symbols[c] ** 2 + symbols[s] ** 2 - 1)[1]  # c stands before s in the order, so c^2 leads
    need(bool(difference == 0), "left and right differ")
    where = f"for all {', '.join(symbols)} where c^2 + s^2 = 1 for {pairs}"
    return f"algebra.{name(called, 'name')}", f"{_shown(left)} = {_shown(right)} {where}"


def check_sum_of_squares(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """target = sum of multiplier z' G z with every G positive semidefinite."""
    called, variables, target, terms = fields(certificate, "name variables target terms")
    symbols = _symbols(listed(variables, 1, 32, "variables"))
    rest, where = _polynomial(target, symbols), []
    for term in listed(terms, 1, 64, "terms"):
        multiplier, basis, gram = fields(term, "multiplier basis gram")
        z = [_polynomial(entry, symbols) for entry in listed(basis, 1, 100, "basis")]
        G = [[rational(x, "gram") for x in listed(row, len(z), len(z), "gram")] for row in listed(gram, len(z), len(z), "gram")]
        need(_is_semidefinite(G), "gram: not symmetric, or a pivot below zero")
        factor = _polynomial(multiplier, symbols)
        rest -= factor * sum((G[i][k] * z[i] * z[k] for i in range(len(z)) for k in range(len(z))), 0 * rest)
        where.append(f"{_shown(multiplier)} >= 0")
    need(bool(rest == 0), "target is not the sum of its terms")
    return f"algebra.{name(called, 'name')}", f"{_shown(target)} >= 0 wherever {' and '.join(where)}"


def check_authority(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """For every x of the box of an `authority` input there are controls that keep every constraint >= 0: one witness per leaf."""
    role, tree, witnesses = fields(certificate, "problem tree witnesses")
    need(f"authority_{role}" in problem.data, "problem: no such input")
    variables, box, controls, bounds, constraints = fields(problem.data[f"authority_{role}"], "variables box controls bounds constraints")
    names = [name(v, "authority") for v in [*listed(variables, 1, 16, "variables"), *listed(controls, 1, 64, "controls")]]
    need(len(set(names)) == len(names), "authority: a name stands twice")
    bounds = box_of(bounds, len(controls))
    chosen = [exact_floats(w, len(controls), "witness") for w in listed(witnesses, 1, 200_000, "witnesses")]
    need(all(low <= u <= high for w in chosen for u, (low, high) in zip(w, bounds, strict=True)), "witness: outside its bounds")

    def below(constraint: Any, leaf: int) -> Function:
        def f(part: Box, with_gradient: bool) -> tuple[arb, Sequence[arb]]:
            values = [arb(low).union(arb(high)) for low, high in part] + [arb(u) for u in chosen[leaf]]
            return -_value(constraint, dict(zip(names, values, strict=True)), arb, [0]), []

        return f

    listed(constraints, 1, 1000, "constraints")
    count = check_tree(tree, box_of(box, len(variables)), lambda part, leaf: [below(c, leaf) for c in constraints])
    need(len(chosen) == count, "witnesses: one for each leaf")
    claim = f"for every {', '.join(variables)} some {', '.join(controls)} within bounds keep {len(constraints)} constraints"
    return f"authority.{role}", claim


def _shown(expression: Any) -> str:
    """The expression whole, or what identifies it: a claim is never cut off."""
    text = json.dumps(expression)
    return text if len(text) <= 400 else f"(the expression with SHA-256 {sha256(text.encode()).hexdigest()} as Python's json.dumps)"


def _symbols(variables: Sequence[Any]) -> dict[str, Any]:
    names = [name(v, "variables") for v in variables]
    need(len(set(names)) == len(names), "variables: one stands twice")
    return dict(zip(names, fmpq_mpoly_ctx.get(names, Ordering.lex).gens(), strict=True))


def _polynomial(expression: Any, symbols: dict[str, Any]) -> Any:
    one = next(iter(symbols.values())) ** 0
    return _value(expression, symbols, lambda x: one * x, [0])


def _value(e: Any, values: dict[str, Any], constant: Callable[[fmpq], Any], seen: list[int]) -> Any:
    """The expression over polynomials, where only + - * ^ and division by a rational exist, or over balls, constant = arb."""
    seen[0] += 1
    need(seen[0] <= _NODES_MAX, "expression: too large")
    if type(e) is str:
        return values[e] if e in values else constant(rational(e, "expression: unknown variable, or"))
    word, *args = listed(e, 2, _NODES_MAX, "expression")
    exact, pair = constant is not arb, len(args) == 2
    a = [_value(x, values, constant, seen) for x in (args[:1] if word == "^" else args)]
    if word == "^" and pair:
        word, a = "*", [constant(fmpq(1))] + a * integer(args[1], 0, 16, "exponent")
    if word in ("+", "*"):
        result = a[0]
        for b in a[1:]:
            need(not exact or word == "+" or len(result) * len(b) <= _TERMS_MAX, "expression: too many terms")
            result = result + b if word == "+" else result * b
    elif word == "-" and pair:
        result = a[0] - a[1]
    elif word == "/" and pair:
        need(not exact or (a[1].is_constant() and a[1] != 0), "expression: division by what is no rational")
        result = a[0] * (1 / a[1].leading_coefficient()) if exact else a[0] / a[1]
    else:
        need(word in ("sqrt", "sin", "cos") and len(args) == 1 and not exact, "expression: an operation that has no meaning here")
        result = getattr(a[0], word)()
    return result if exact else finite(result)


def _is_semidefinite(G: list[list[fmpq]]) -> bool:
    """Exact LDL': the matrix is symmetric, all pivots are >= 0, and a zero pivot stands in a zero row."""
    G, n = list(G), len(G)
    symmetric = all(G[i][k] == G[k][i] for i in range(n) for k in range(i))
    for k in range(n):
        if G[k][k] < 0 or (G[k][k] == 0 and any(x != 0 for x in G[k][k:])):
            return False
        for i in range(k + 1, n) if G[k][k] != 0 else ():
            share = G[i][k] / G[k][k]
            G[i] = [x - share * y for x, y in zip(G[i], G[k], strict=True)]
    return symmetric
