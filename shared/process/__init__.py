"""Running a process: logs, loops that must not end, backoff, workers, crash points."""
