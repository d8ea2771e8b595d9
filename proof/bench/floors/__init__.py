"""Floors: the least that can do each job. The bare pipeline has the product's hops and nothing else: no ledger, no traces, no retries."""
