"""The bare pipeline: the product's hops from POST to mail and nothing else. No ledger, no states, no traces, no retries."""
