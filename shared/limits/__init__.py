"""Limits for what strangers may do."""
