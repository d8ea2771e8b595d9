"""The ledger: what was accepted, numbered, receipted and resolved, and whatever is overdue; an alarm for each kind of it."""
