"""Who the citizen is, and what has to be proven for it to count."""
