"""Records that could not be processed or published: an operator has each done again, or settles it."""
