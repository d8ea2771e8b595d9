"""The queue of deliveries: who owns them, in which order they go, and what became of each attempt."""
