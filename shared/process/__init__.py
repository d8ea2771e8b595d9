"""A running process: logs, loops that must not end, delays between attempts, settings, crash points."""
