"""Notifier with a real broker, database and mail servers that misbehave when they are told to."""
