"""HTTP servers: limits, errors, headers, and what every site answers."""
