"""Growth: the same figures with millions of requests in the tables as with none."""
