"""`./chaos`: requests through a seeded storm of faults, and an auditor that looks for what was lost."""
