"""PostgreSQL: addresses, connections, the engine, transactions and migrations."""
