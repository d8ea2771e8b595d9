"""Work numbers, states, history and queues: what happens to a request after it was sent."""
