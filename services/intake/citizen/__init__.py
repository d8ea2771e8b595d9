"""The citizen's proven identity, and what counts as a proof."""
