"""The launcher behind `./run`.

Embedded Kafka, PostgreSQL and mailbox, and the supervision of every process.
"""
