"""The report of a chaos run: a table on the terminal, `latest.json`, and one HTML page."""
