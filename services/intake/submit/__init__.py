"""Sends a valid form to Kafka, or to the spool while Kafka is away."""
