"""What a forger would try on a proofs directory: one change at a time, some hopeless, some almost true."""

import base64
import copy
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

from toolkit.models import SerialArm

from .forgery_geometry import crooked, touching
from .forgery_stock import Forgery, Json, Stock, resealed
from .small_proofs import encoded


def forgeries(stock: Stock, random: Random) -> Iterator[Forgery]:
    """Endless: half of them change one value of one certificate, the others do what a forger would try."""
    tricks = [_bytes, _structure, _box, _bound, _margin, _tree, _hash, _swap, _verdict, _inputs, _summary, _model, touching, crooked]
    while True:
        trick = _scalar if random.random() < 0.5 else random.choice(tricks)
        forgery = trick(stock, random)
        unchanged = forgery.certificates == stock.certificates and forgery.inputs == stock.inputs and forgery.summary == stock.summary
        if not unchanged:
            yield forgery


def _any(stock: Stock, random: Random, kinds: tuple[str, ...] = ()) -> tuple[str, Json]:
    names = [name for name, data in stock.certificates.items() if not kinds or json.loads(data)["kind"] in kinds]
    name = random.choice(names)
    return name, json.loads(stock.certificates[name])


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*path, key))
    else:
        yield path


def _set(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def _get(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _scalar(stock: Stock, random: Random) -> Forgery:
    """Any value of a certificate: numbers nudged, rounded the wrong way, in another spelling; texts cut, changed, of another type."""
    name, data = _any(stock, random)
    path = random.choice(list(_places(data)))
    old = _get(data, path)
    new, never = _changed(old, random)
    _set(data, path, new)
    return stock.forgery(f"value: {'.'.join(map(str, path))} {str(old)[:30]!r} -> {str(new)[:30]!r}", name, encoded(data), never=never)


def _changed(old: Any, random: Random) -> tuple[Any, bool]:
    if isinstance(old, bool) or old is None:
        return random.choice([(0, True), ("", True), ([], True)])
    if isinstance(old, int):
        return random.choice([(old + 1, False), (old - 1, False), (float(old), True), (str(old), True), (10**20, True), (True, True)])
    if re.fullmatch(r"-?0x[01]\.[0-9a-f]+p[+-][0-9]+", old):
        x = float.fromhex(old)
        true = [x.hex() for x in (math.nextafter(x, 9), math.nextafter(x, -9), x * 0.99, x * 1.01, x / 2, -x, x + 1e-3)]
        spelled = [old.upper(), f"+{old}", f" {old}", old.replace("0x1.", "0x01."), repr(x), "nan", "inf", "-inf", "0x1p+9999", f"{old}000"]
        return (random.choice(true), False) if random.random() < 0.6 else (random.choice(spelled), True)
    if re.fullmatch(r"-?[0-9]+(/[1-9][0-9]*)?", old):
        r = Fraction(old)
        true = [str(r + 1), str(-r), str(r * Fraction(11, 10)), str(r * Fraction(9, 10)), str(r + Fraction(1, 10**30))]
        spelled = [f"{2 * r.numerator}/{2 * r.denominator}", f"+{old}", "1" * 5000]
        return (random.choice(true), False) if random.random() < 0.6 else (random.choice(spelled), True)
    cut = random.randrange(len(old) + 1)
    changed = [old[:cut] + old[cut + 1 :], old.swapcase(), old[::-1]]
    return (random.choice(changed), False) if random.random() < 0.6 else (random.choice([old + "\u0455", [old], "../" + old]), True)


def _bytes(stock: Stock, random: Random) -> Forgery:
    """Truncated, or one byte changed."""
    name, _ = _any(stock, random)
    data = bytearray(stock.certificates[name])
    if random.random() < 0.4:
        return stock.forgery("truncated", name, bytes(data[: random.randrange(len(data))]), never=True)
    place = random.randrange(len(data))
    data[place] = random.randrange(256)
    try:
        json.loads(data)
        never = False
    except ValueError:
        never = True
    return stock.forgery(f"byte: {place}", name, bytes(data), never=never)


def _structure(stock: Stock, random: Random) -> Forgery:
    """A key left out, added, or given twice; an entry of a list left out or repeated."""
    name, data = _any(stock, random)
    choice = random.randrange(4)
    key = random.choice(list(data))
    if choice == 0:
        del data[key]
        return stock.forgery(f"structure: without {key}", name, encoded(data), never=True)
    if choice == 1:
        return stock.forgery("structure: unknown key", name, encoded({**data, "note": "trust me"}), never=True)
    if choice == 2:
        twice = encoded(data)[:-1] + b"," + encoded({key: data[key]})[1:]
        return stock.forgery(f"structure: {key} twice", name, twice, never=True)
    lists = [p[:k] for p in _places(data) for k in range(1, len(p)) if isinstance(_get(data, p[:k]), list)]
    if not lists:
        return stock.forgery("structure: none", name, encoded({}), never=True)
    target = _get(data, random.choice(lists))
    target.pop(random.randrange(len(target))) if random.random() < 0.5 else target.append(copy.deepcopy(random.choice(target)))
    return stock.forgery("structure: list", name, encoded(data), never=False)


def _box(stock: Stock, random: Random) -> Forgery:
    """One side moved by one unit in the last place or more: inwards it no longer covers the inflated limits."""
    name, data = _any(stock, random, ("second_derivative_bound",))
    if random.random() < 0.5:
        name, data = _any(stock, random, ("inclusion",))
    if "box" not in data:
        return _verdict(stock, random)
    j, end = random.randrange(len(data["box"])), random.randrange(2)
    x, inward = float.fromhex(data["box"][j][end]), -1.0 if end else 1.0
    # The stock's ends are one unit outside the limits: two units inwards uncover them.
    steps = {"two units in": math.nextafter(math.nextafter(x, inward * 9), inward * 9), "in": x + inward * random.uniform(1e-12, 0.05),
             "out": x - inward * random.uniform(0.0, 1e-3), "beyond the other": x + inward * 10}
    what = random.choice(list(steps))
    data["box"][j][end] = steps[what].hex()
    return stock.forgery(f"box: {what}", name, encoded(data), never=what != "out")


def _bound(stock: Stock, random: Random) -> Forgery:
    """K lowered or raised."""
    name, data = _any(stock, random, ("second_derivative_bound",))
    row = random.choice(data["bounds"])
    row["bound"] = (float.fromhex(row["bound"]) * random.choice([0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.05, -1.0])).hex()
    return stock.forgery("bound", name, encoded(data), never=row["bound"].startswith("-"))


def _margin(stock: Stock, random: Random) -> Forgery:
    """The margin enlarged, or made smaller."""
    name, data = _any(stock, random, ("inclusion",))
    factor, more = Fraction(random.choice(["2", "5", "1/2", "-1"])), Fraction(random.choice(["0", "1/500", "1/50"]))
    data["margin"] = str(Fraction(data["margin"]) * factor + more)
    return stock.forgery("margin", name, encoded(data), never=data["margin"].startswith("-"))


def _tree(stock: Stock, random: Random) -> Forgery:
    """Off by one leaf, a leaf made a node, another axis, another encoding."""
    name, data = _any(stock, random, ("second_derivative_bound", "inclusion", "authority"))
    holder = random.choice(data["bounds"]) if "bounds" in data else data
    if "tree" not in holder:
        return _verdict(stock, random)
    nodes = bytearray(base64.b64decode(holder["tree"]))
    place, what = random.randrange(len(nodes)), random.choice(["shorter", "longer", "without", "leaf", "node", "axis", "text", "empty"])
    if what in ("shorter", "empty", "without"):
        nodes = nodes[:-1] if what == "shorter" else bytearray() if what == "empty" else nodes[:place] + nodes[place + 1 :]
    elif what == "longer":
        nodes.append(255)
    elif what in ("leaf", "node", "axis"):
        nodes[place] = 255 if what == "leaf" else random.randrange(7 if what == "axis" else 255)
    text = base64.b64encode(bytes(nodes)).decode()
    holder["tree"] = text if what != "text" else random.choice([text + "\n", text.rstrip("=") + "A", " " + text, text + "===="])
    return stock.forgery(f"tree: {what}", name, encoded(data), never=what in ("shorter", "longer", "without", "empty", "text"))


def _hash(stock: Stock, random: Random) -> Forgery:
    """Another hash, of another file, or a role missing or too many."""
    name, data = _any(stock, random)
    role, other = random.sample(sorted(data["inputs"]), 2)
    what = random.randrange(4)
    if what == 0:
        data["inputs"][role] = data["inputs"][role][:-1] + random.choice([c for c in "0123456789abcdef" if c != data["inputs"][role][-1]])
    elif what == 1:
        data["inputs"][role] = data["inputs"][other]
    elif what == 2:
        del data["inputs"][role]
    else:
        data["inputs"]["tape_x"] = data["inputs"][role]
    return stock.forgery("hash", name, encoded(data), never=True)


def _swap(stock: Stock, random: Random) -> Forgery:
    """The contents of two certificates exchanged, or one in place of another; the summary follows, or stays."""
    a, b = random.sample(sorted(stock.certificates), 2)
    swapped = {**stock.certificates, a: stock.certificates[b], b: stock.certificates[a] if random.random() < 0.5 else stock.certificates[b]}
    summary = resealed(stock.summary, swapped) if random.random() < 0.7 else stock.summary
    verdicts = {json.loads(data)["verdict"] for data in (stock.certificates[a], stock.certificates[b])}
    return Forgery(f"swap: {sorted(verdicts)}", swapped, stock.inputs, summary, "", True, stock.arm)


def _verdict(stock: Stock, random: Random) -> Forgery:
    """PROVED for REFUTED, another kind, another constraint, body or point."""
    name, data = _any(stock, random)
    what = random.choice(["verdict", "kind", "about"])
    if what == "verdict":
        data["verdict"] = random.choice(["PROVED", "REFUTED", "UNKNOWN", "ACCEPTED", "proved"])
    elif what == "kind":
        data["kind"] = json.loads(random.choice(list(stock.certificates.values())))["kind"]
    else:
        key = next((k for k in ("constraint", "function", "system", "problem", "frozen") if k in data), "kind")
        functions = ["point:wrist", "point:jaw_1", "rcm_offset", "point:nose"]
        others: dict[str, list[Any]] = {"constraint": ["vessel", "ball", "hood", "tumour"], "function": functions}
        others["frozen"] = [[0], [2], [0, 1, 2, 3]]
        data[key] = random.choice(others.get(key, ["states", "coil", "other"]))
    return stock.forgery(f"verdict: {what}", name, encoded(data), never=False)


def _inputs(stock: Stock, random: Random) -> Forgery:
    """An input changed and every hash made to fit: the certificates then are about another problem, and must hold for that."""
    role = random.choice(["problem", "problem", "transitions_states", "authority_coil"])
    data = json.loads(stock.inputs[role])
    path = random.choice(list(_places(data)))
    old = _get(data, path)
    if isinstance(old, float) and not isinstance(old, bool):
        new: Any = random.choice([old + 0.01, old - 0.01, old * 1.1, old * 0.9, -old])
    else:
        new, _ = _changed(old, random)
    _set(data, path, new)
    try:
        changed = encoded(data)
    except ValueError:
        return _hash(stock, random)
    if role == "transitions_states" and random.random() < 0.5:
        data = json.loads(stock.inputs[role])
        data["transitions"].append(random.choice([["on", "slip", "moving_unpowered"], ["fault", "enable", "on"], ["on", "x", "new"]]))
        changed = encoded(data)
    what = f"inputs: {role} {'.'.join(map(str, path))}"
    return _with_inputs(stock, {**stock.inputs, role: changed}, what, random.random() < 0.2, stock.arm)


def _model(stock: Stock, random: Random) -> Forgery:
    """The chain of the arm with another instrument, with the hashes of the first, or with hashes that fit."""
    inputs = {**stock.inputs, "chain": stock.other.canonical.encode("ascii")}
    return _with_inputs(stock, inputs, "model: another instrument", random.random() < 0.5, stock.other)


def _with_inputs(stock: Stock, inputs: dict[str, bytes], what: str, keep_hashes: bool, arm: SerialArm) -> Forgery:
    if keep_hashes:
        return Forgery(f"{what}, hashes kept", stock.certificates, inputs, stock.summary, "", True, arm)
    hashes = {role: hashlib.sha256(data).hexdigest() for role, data in inputs.items()}
    certificates = {name: encoded({**json.loads(data), "inputs": hashes}) for name, data in stock.certificates.items()}
    summary = {**resealed(stock.summary, certificates), "inputs": hashes}
    return Forgery(what, certificates, inputs, summary, "", False, arm)


def _summary(stock: Stock, random: Random) -> Forgery:
    """A summary that claims more than the certificates, or something else."""
    summary = copy.deepcopy(stock.summary)
    rows = summary["obligations"]
    row, other = random.sample(rows, 2)
    changes: list[tuple[str, Callable[[], Any]]] = [
        ("one more", lambda: rows.append({**row, "id": "K.wrist"})),
        ("id of another", lambda: row.update(id=other["id"])),
        ("renamed", lambda: row.update(id=row["id"] + "_all")),
        ("no certificate", lambda: row.update(file=None, sha256=None)),
        ("file of another", lambda: row.update(file=other["file"], sha256=other["sha256"])),
        ("verdict", lambda: row.update(verdict="PROVED" if row["verdict"] == "REFUTED" else "REFUTED")),
        ("digest", lambda: row.update(sha256=other["sha256"])),
        ("empty", rows.clear),
        ("left out", lambda: rows.remove(row)),
        ("unknown with file", lambda: row.update(verdict="UNKNOWN")),
        ("path", lambda: row.update(file="../" + str(row["file"]))),
        ("hashes", lambda: summary["inputs"].update(chain=summary["inputs"]["problem"])),
        ("version", lambda: summary.update(format="primum-proofs/2")),
        ("id from unicode", lambda: row.update(id=row["id"].replace("K", "\u212a") + "\u200b")),
    ]
    what, change = random.choice(changes)
    change()
    return Forgery(f"summary: {what}", stock.certificates, stock.inputs, summary, "", True, stock.arm)
