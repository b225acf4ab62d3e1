"""`python -m verification.checker DIRECTORY [CERTIFICATE]`: check a proofs directory. The folder runs copied anywhere, under any name."""

import os
import sys
from pathlib import Path

from .directory import check_directory, input_hashes, verdict_json


def main(arguments: list[str]) -> int:
    """0: everything accepted; 3: something rejected; 2: nothing that can be read."""
    if len(arguments) not in (1, 2):
        sys.stderr.write("usage: python -m verification.checker DIRECTORY [CERTIFICATE]\n")
        return 2
    directory, rejected = Path(arguments[0]), False
    try:
        if len(arguments) == 2:
            sys.stdout.write(verdict_json(directory, arguments[1]))
            return 0
        for role, digest in input_hashes(directory).items():
            sys.stdout.write(f"input {role} {digest}\n")
        for verdict in check_directory(directory, os.cpu_count() or 1):
            sys.stdout.write(f"{verdict}\n")
            rejected = rejected or not verdict.accepted
    except OSError as error:
        sys.stderr.write(f"refused: {error}\n")
        return 2
    return 3 if rejected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
