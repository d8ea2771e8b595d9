"""What every way to log in shares: the attempt that is under way, the client that asks, and the way back to it."""
