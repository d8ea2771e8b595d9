"""The page `/docs` of every service, where its API can be read and tried, without external files."""
