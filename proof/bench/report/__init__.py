"""What a run leaves behind: a table on the terminal, `latest.json`, and one HTML page."""
