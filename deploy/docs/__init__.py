"""Generates the reference under `docs/` from the code: `python -m deploy.docs`."""
