"""The most similar known word, for messages about a word that is not known."""

import difflib
from collections.abc import Iterable

SIMILARITY_MIN = 0.6


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`did you mean 'x'? ` (with a trailing space) for the most similar known word, or an empty text."""
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=SIMILARITY_MIN)
    return f"did you mean {close[0]!r}? " if close else ""
