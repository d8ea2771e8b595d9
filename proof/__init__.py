"""Proves what the tests cannot: that nothing is lost whatever dies, and how fast it is."""
