"""`/docs` of every service: its API to read and to try, with nothing fetched from elsewhere."""
