"""The launcher behind `./run`: embedded Kafka, PostgreSQL and mailbox, and the supervision of every process."""
