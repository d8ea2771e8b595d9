"""Who is this? OpenID Connect in front, TUPAS and staff accounts behind, and the simulated banks."""
