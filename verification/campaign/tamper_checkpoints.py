"""Ways to tamper with checkpoints, in the first or in the second place; the records stay."""

from random import Random

from safety.audit.merkle import Frontier, leaf_hash

from .made_log import MadeLog, RunKeys
from .tampered import SECOND, Tampered, covered, files_of, flipped


def remove_checkpoint(log: MadeLog, random: Random) -> Tampered:
    """One checkpoint is gone, in one place."""
    name, notes, index = *_place(log, random), random.randrange(len(log.checkpoints))
    del notes[index]
    return Tampered(files_of(log) | {name: b"".join(notes)}, covered(log, index), name, _note_lines(index, 1))


def cut_checkpoints(log: MadeLog, random: Random) -> Tampered:
    """The last checkpoints are gone, in one place; cut anywhere."""
    name, notes = _place(log, random)
    content = b"".join(notes)
    keep = random.randrange(len(content))
    index = content[:keep].count(b"\n\n") // 2
    return Tampered(files_of(log) | {name: content[:keep]}, (covered(log, index)[0], len(log.lines) - 1), name, _note_lines(index, 1))


def edit_checkpoint(log: MadeLog, random: Random) -> Tampered:
    """One bit of a checkpoint file, in one place."""
    name, notes = _place(log, random)
    content = b"".join(notes)
    at = random.randrange(len(content))
    index = sum(len(b"".join(notes[: n + 1])) <= at for n in range(len(notes)))
    files = files_of(log) | {name: flipped(content, at, random)}
    return Tampered(files, covered(log, index), name, _note_lines(index, 2))


def swap_checkpoints(log: MadeLog, random: Random) -> Tampered:
    """Two checkpoints change places, in one place."""
    name, notes = _place(log, random)
    a, b = sorted(random.sample(range(len(notes)), 2))
    notes[a], notes[b] = notes[b], notes[a]
    records = covered(log, a)[0], covered(log, b)[1]
    return Tampered(files_of(log) | {name: b"".join(notes)}, records, name, (_note_lines(a, 1)[0], _note_lines(b, 1)[1]))


def sign_checkpoint_anew(log: MadeLog, random: Random) -> Tampered:
    """A checkpoint over the true root, signed with the forger's key, in one place."""
    name, notes, index = *_place(log, random), random.randrange(len(log.checkpoints))
    tree = Frontier()
    for line in log.lines[: log.sizes[index]]:
        tree.append(leaf_hash(line))
    notes[index] = RunKeys(log.run, random).sign(log.sizes[index], tree.root())
    return Tampered(files_of(log) | {name: b"".join(notes)}, covered(log, index), name, _note_lines(index, 1))


def _place(log: MadeLog, random: Random) -> tuple[str, list[bytes]]:
    return random.choice([("checkpoints", list(log.checkpoints)), (SECOND, list(log.second))])


def _note_lines(index: int, count: int) -> tuple[int, int]:
    """First and last line of `count` notes from `index` on; a note with the empty line after it is six lines."""
    return 6 * index + 1, 6 * (index + count)
