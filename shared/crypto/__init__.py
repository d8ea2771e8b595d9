"""Encryption and signatures, each mechanism once: box, sealing, record MAC, links, derived keys."""
