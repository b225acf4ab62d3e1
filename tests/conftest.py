"""What all tests share: marks that name requirements are checked, and test evidence is written when asked for."""

pytest_plugins = ("tests.requirement_marks", "tests.evidence_recorder")
