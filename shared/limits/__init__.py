"""Rate limits for callers that nobody has authenticated."""
