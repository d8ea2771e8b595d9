"""Tracker's HTTP clients of the other services."""
