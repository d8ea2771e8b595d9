"""Where the tests' Kafka and PostgreSQL come from; each module here has the same two contexts.

`kafka(folder)` gives the bootstrap servers of a running broker, `postgres(folder)` the superuser's address of a running server.
"""
