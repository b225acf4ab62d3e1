"""Who runs, for whom, under which key, and where the checkpoints go a second time.

Each is taken from the command line, else from the environment, else from the configuration file, else there is none:

    operator       --operator       PRIMUM_OPERATOR        operator: NAME              (else the operating system's user)
    operator key   --operator-key   PRIMUM_OPERATOR_KEY    operator_key: FILE
    second place   --second-place   PRIMUM_SECOND_PLACE    second_place: DIRECTORY
    witness        --witness        PRIMUM_WITNESS         witness: URL
    subject        --subject

Configuration file: $PRIMUM_CONFIG, else primum/audit.yaml in $XDG_CONFIG_HOME or ~/.config. Paths in it are relative to it.
"""

import getpass
import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from devices.yaml_source import load_yaml_model
from safety.audit import read_records
from safety.audit.machine_state import machine_state_directory
from toolkit import InvalidInput

_PSEUDONYM = re.compile(r"[A-Z]{1,5}-[0-9]{3,6}")
_NAME = re.compile(r"[^\s:][^\x00-\x1f\x7f]{0,63}")


class _ConfigFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    operator: str | None = None
    operator_key: str | None = None
    second_place: str | None = None
    witness: str = ""


@dataclass(frozen=True)
class LogOptions:
    """What a run's log is told beside the run itself.

    operator: who runs it. subject: pseudonym, or empty. reason: why it is run, in the operator's words, or empty.
    operator_key: stock of run keys; None: nobody vouches for the log's keys. second_place: directory; None: there is none.
    witness: URL; empty: there is none.
    state: the machine's state directory.
    """

    operator: str
    state: Path
    operator_key: Path | None = None
    second_place: Path | None = None
    subject: str = ""
    reason: str = ""
    witness: str = ""

    @property
    def actor(self) -> str:
        """The operator as an actor of records."""
        return f"operator:{self.operator}"

    @classmethod
    def resolve(
        cls,
        operator: str = "",
        operator_key: Path | None = None,
        second_place: Path | None = None,
        subject: str = "",
        reason: str = "",
        witness: str = "",
    ) -> Self:
        """Fill in what was not given from the environment and the configuration file.

        Raises:
            InvalidInput: a subject that is not plainly a pseudonym, an operator that is no name, a second place that is no directory.
            SpecificationError: the configuration file.
        """
        config, base = _read_config()
        operator = operator or os.environ.get("PRIMUM_OPERATOR", "") or config.operator or _user()
        if not _NAME.fullmatch(operator):
            raise InvalidInput(f"operator: {operator!r}: allowed: a name of at most 64 characters that begins with a letter or digit")
        key = operator_key or _path("PRIMUM_OPERATOR_KEY", config.operator_key, base)
        second = second_place or _path("PRIMUM_SECOND_PLACE", config.second_place, base)
        if second is not None and not second.is_dir():
            raise InvalidInput(f"second place: {second}: there is no such directory; it is not made, so that a disk that is missing shows")
        url = checked_witness(witness or os.environ.get("PRIMUM_WITNESS", "") or config.witness)
        return cls(operator, machine_state_directory(), key, second, checked_pseudonym(subject), reason.strip(), url)


def checked_witness(url: str) -> str:
    """Return `url` if it is empty or the address of a witness: http or https, a host, and no query.

    Raises:
        InvalidInput: it is not.
    """
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment):
        raise InvalidInput(f"witness: {url!r}: allowed: http://HOST:PORT/... or https://HOST/..., without a query")
    return url


def checked_pseudonym(subject: str) -> str:
    """Return `subject` if it is empty or plainly a pseudonym: one to five capitals, a hyphen, three to six digits, as in STUDY-0042.

    Names, dates of birth (eight digits) and hospital numbers do not have this form.
    Raises:
        InvalidInput: it is not.
    """
    if subject and not _PSEUDONYM.fullmatch(subject):
        allowed = "a pseudonym: one to five capital letters, a hyphen, three to six digits, such as STUDY-0042; no name, no date"
        raise InvalidInput(f"subject: {subject!r}: allowed: {allowed}")
    return subject


def who_vouches(audit_directory: Path) -> str:
    """Say in a sentence who vouches for the keys of a run's log. Whether the log keeps to them is `audit verify`'s question."""
    key = next((record["data"] for record in islice(read_records(audit_directory), 2) if record["kind"] == "KEY"), None)
    if key is None:
        return "nobody vouches for this log: it has no key"
    certificate = str(key.get("certificate", ""))
    if not certificate:
        return "nobody vouches for the keys of this log: the run had no operator key (--operator-key) and made its own"
    number, operator = certificate.split("\n")[1], certificate.rpartition("— ")[2].split(" ")[0]
    return f"the keys of this log carry certificate {number} of the operator key {operator}; `audit verify --key` checks it"


def _read_config() -> tuple[_ConfigFile, Path]:
    chosen = os.environ.get("PRIMUM_CONFIG")
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(chosen) if chosen else home / "primum" / "audit.yaml"
    if not chosen and not path.exists():
        return _ConfigFile(), path.parent
    return load_yaml_model(path, _ConfigFile), path.parent


def _path(variable: str, configured: str | None, base: Path) -> Path | None:
    value = os.environ.get(variable)
    if value:
        return Path(value).absolute()
    return None if configured is None else (base / Path(configured).expanduser()).absolute()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a name for its user id
        return f"uid {os.getuid()}"
