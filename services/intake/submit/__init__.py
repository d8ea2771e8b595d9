"""A valid form goes to Kafka, or to the spool while Kafka is away."""
