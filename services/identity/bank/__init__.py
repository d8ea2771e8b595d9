"""The simulated banks: they take a sealed request, let a demo customer log in, and answer under their own seal."""
