"""What became of the mails of requests, and what is done about those that did not arrive."""
