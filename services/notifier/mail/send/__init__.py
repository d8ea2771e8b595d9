"""Sending over SMTP: a pool of connections, what the mail server answers, and pauses while it is away."""
