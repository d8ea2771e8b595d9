"""The events that the services exchange, one frozen model per event (CloudEvents 1.0, binary mode)."""
