"""`./chaos`: sends requests while faults are injected from a seed, then audits that none was lost."""
