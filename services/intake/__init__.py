"""The public site and the submission API."""
