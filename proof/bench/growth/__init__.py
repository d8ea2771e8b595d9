"""Measures the same figures with empty tables and with millions of requests in them."""
