"""The events that the services exchange.

One frozen model per event, CloudEvents 1.0 in Kafka's binary mode.
"""
