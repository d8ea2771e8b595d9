"""Encryption and signatures: boxes at rest, sealing on topics, record MACs, links, derived keys."""
