"""The simulated banks of demonstrations and tests: their pages, and the TUPAS answers that they send."""
