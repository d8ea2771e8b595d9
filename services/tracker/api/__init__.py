"""Tracker's HTTP API, split by who uses it."""
