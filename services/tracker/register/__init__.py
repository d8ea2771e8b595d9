"""A submitted request becomes a registered one: who sent it is verified, and it gets its work number."""
