"""The floors: minimal programs that do each service's job and nothing else, for comparison."""
