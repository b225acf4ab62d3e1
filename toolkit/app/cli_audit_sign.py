"""`primum audit signing-key`, `sign` and `check-signature`: a person signs a document."""

import os
from pathlib import Path
from typing import Annotated

import typer

from safety.audit.signature import Meaning, check_signature, make_personal_key, read_personal_key, sign_document
from toolkit import InvalidInput

from .cli_audit_keys import say

Document = Annotated[Path, typer.Argument(help="The document, such as a verification report's PDF.", exists=True, dir_okay=False)]
PublicKey = Annotated[Path, typer.Option("--key", help="Public half of the signer's key (.pub).", show_default=False)]


def signing_key(
    address: Annotated[str, typer.Argument(help="Whose it is, such as anna@hospital.example.", show_default=False)],
    directory: Annotated[Path, typer.Option("--out", help="Where signing.key and signing.pub go.")] = Path(),
) -> None:
    """Make a person's key: signing.key, encrypted by a passphrase, stays; signing.pub goes to whoever checks."""
    private, public = directory / "signing.key", directory / "signing.pub"
    key = make_personal_key(address, _passphrase(new=True), private, public)
    say(f"{private}: encrypted; {public}: {key}")


def sign(
    document: Document,
    key: PublicKey,
    meaning: Annotated[Meaning, typer.Option(help="What the signature says.", show_default=False)],
    name: Annotated[str, typer.Option(help="The signer's name, in words.", show_default=False)],
    statement: Annotated[str, typer.Option(help="One line more.")] = "",
    out_file: Annotated[Path | None, typer.Option("--out", help="Where it goes; default: DOCUMENT.sig.", show_default=False)] = None,
) -> None:
    """Sign a document: whose signature, when, meaning what, over which bytes. An existing signature is never replaced."""
    place = out_file or document.with_name(document.name + ".sig")
    if place.exists():
        raise InvalidInput(f"{place}: is there already: choose another --out")
    private = read_personal_key(key.with_suffix(".key"), key, _passphrase())
    note = sign_document(document, private, meaning, name, statement)
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(note)
    except OSError as error:
        raise InvalidInput(f"{place}: cannot be written: {error.strerror}") from error
    say(f"{place}: {meaning.value} by {name} ({private.verifier.name})")


def check(
    document: Document,
    key: PublicKey,
    signature: Annotated[Path | None, typer.Option(help="The signature; default: DOCUMENT.sig.", show_default=False)] = None,
) -> None:
    """Say who signed this very document, when, and what it means. Exit code 2 if it is not signed by that key, or was changed."""
    place = signature or document.with_name(document.name + ".sig")
    try:
        note = place.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{place}: no signature: {error}") from error
    found = check_signature(document, note, key)
    say(f"{found.meaning.value} by {found.name} ({found.key}) at {found.utc}, by the clock of the machine that signed")
    if found.statement:
        say(found.statement)


def _passphrase(new: bool = False) -> str:
    """From PRIMUM_PASSPHRASE, else asked for."""
    return os.environ.get("PRIMUM_PASSPHRASE") or str(typer.prompt("passphrase", hide_input=True, confirmation_prompt=new))


def add_sign_commands(app: typer.Typer) -> None:
    """Give `primum audit` the commands of this file."""
    app.command("signing-key")(signing_key)
    app.command("sign")(sign)
    app.command("check-signature")(check)
