"""Personal data at rest: what is encrypted, under which keys, and who has read it."""
