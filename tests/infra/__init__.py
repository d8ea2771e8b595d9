"""Where the tests' Kafka and PostgreSQL come from; each module here has the same three contexts.

`kafka(folder)` gives the `KafkaConnection` of a running broker, `postgres(folder)` the superuser's address of
a running server, and `stack(folder)` the addresses of everything, as `addresses.json` has them, with that
file's path as `file` (its `pids` are kept true).
"""
