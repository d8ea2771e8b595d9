"""Those who use a running stack; each writes down what it was told."""
