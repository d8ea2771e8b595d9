"""The floors.

Minimal programs that do each service's job, without ledger, traces or retries, for comparison.
"""
