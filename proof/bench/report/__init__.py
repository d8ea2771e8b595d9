"""The report of a benchmark run: a table on the terminal, `latest.json`, and one HTML page."""
