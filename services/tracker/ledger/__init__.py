"""The ledger: how many requests were accepted, numbered, receipted and resolved, and what is overdue.

Each kind of overdue item raises an alarm.
"""
