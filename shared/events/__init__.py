"""The contract between the services: one frozen model per event, CloudEvents 1.0 in Kafka's binary mode."""
