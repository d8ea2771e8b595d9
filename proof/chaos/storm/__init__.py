"""The storm: plans faults from one seed and injects them."""
