"""The prover: branch and bound over enclosures, and the search for counterexamples that runs before it."""
