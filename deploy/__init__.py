"""The launcher behind `./run`: starts and supervises Kafka, PostgreSQL, the mailbox and the services."""
