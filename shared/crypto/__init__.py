"""Encryption and signatures, each mechanism once: the box, sealing, the record's MAC, links and derived keys."""
