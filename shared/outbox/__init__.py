"""The transactional outbox.

Rows written with the change they report, published to Kafka in order by lanes.
"""
