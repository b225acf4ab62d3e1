"""Verification: what is computed after a run, apart from what ran: figures, truth, campaigns, benchmarks, reports."""
