"""The transactional outbox: rows written with a change and published to Kafka in order by lanes."""
