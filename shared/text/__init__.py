"""Texts for people, and what people type: names, addresses, numbers, codes; one rule for each."""
