"""The submission API, for portals and back offices."""
