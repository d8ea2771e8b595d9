"""Kafka clients, consumers and the producer: the only package that imports aiokafka."""
