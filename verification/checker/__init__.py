"""The independent checker of certificates: standard library and python-flint, nothing else. Read `directory`, then what it calls."""

from .directory import Verdict, check_directory, input_hashes
from .strict_json import RejectedError

__all__ = ["RejectedError", "Verdict", "check_directory", "input_hashes"]
