"""What ran and what was tested: versions, hashes, machine, tools, who tested; and where people sign."""

from collections.abc import Mapping

from ..blocks import Block, Section, Subtitle, Table, Text, cells, mono
from ..content import VerificationData


def identification(data: VerificationData) -> Section:
    run, evidence = data.run, data.evidence
    product = evidence.product if evidence is not None else None
    tested = "" if product is None else product.git_commit + ("+changes" if product.dirty else "")
    programs = (
        cells("the run", data.ran.version, mono(data.ran.commit), _short(run.started_utc)),
        cells(
            "the tests",
            product.version if product else "no evidence",
            mono(tested),
            f"{_short(evidence.started_utc)} to {_short(evidence.finished_utc)}" if evidence else "",
        ),
        cells("this report", data.now.version, mono(data.now.commit), "not recorded, so that equal data give equal bytes"),
    )
    blocks: list[Block] = [
        Subtitle("Versions"),
        Table(("", "version", "commit", "time (UTC)"), (13, 11, 40, 36), programs),
        Subtitle("Source of the program (SHA-256 over its files)"),
        _pairs({"of the run": data.ran.source, "of this report": data.now.source}, ""),
        Subtitle("What exactly ran (SHA-256)"),
        _pairs(run.hashes, "input of the run"),
        Subtitle("Files of the run (SHA-256)"),
        _pairs(data.files, "file"),
        Subtitle("Machine and tools of the run"),
        _pairs(
            {"device": run.device, **run.platform, **{key: value for key, value in data.ran.libraries.items() if key != "platform"}},
            "",
            mono_values=False,
        ),
    ]
    blocks += [Subtitle("Machine and tools of the tests")]
    if evidence is None:
        blocks.append(Text("There is no test evidence.", "bad"))
    else:
        tools = ", ".join(f"{name} {version}" for name, version in evidence.tools.items())
        machine = {**evidence.machine, "command": "pytest " + " ".join(evidence.command), "tools": tools}
        blocks += [_pairs(machine, "", mono_values=False)]
    return Section("Versions, hashes, machine, tools, tester", (*blocks, *_people(data)))


def _short(utc: str) -> str:
    return utc.removesuffix("+00:00")


def _pairs(values: Mapping[str, str], head: str, *, mono_values: bool = True) -> Table:
    rows = tuple(cells(name, mono(value) if mono_values else value) for name, value in values.items() if value)
    return Table((head, "SHA-256" if mono_values else ""), (26, 74), rows)


def _people(data: VerificationData) -> tuple[Block, ...]:
    evidence = data.evidence
    sources = {"git": "git's configuration", "PRIMUM_TESTER": "the environment variable PRIMUM_TESTER", "unknown": "nowhere"}
    said = (
        "No test evidence names a tester."
        if evidence is None
        else f"Tests recorded by {evidence.tester.name}; the name is from {sources[evidence.tester.source]}."
    )
    named = f" For this report: {data.tester}, as given with --tester." if data.tester else ""
    text = Text(said + named + " Nobody verified these names: a signature below, or in the PDF, does.")
    rows = tuple(cells(role, "", "", "") for role in ("tester", "reviewer", "approved by"))
    return Subtitle("Tester and signatures"), text, Table(("role", "name", "date", "signature"), (18, 32, 18, 32), rows)
