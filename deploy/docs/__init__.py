"""The reference under `docs/`, written from the code: `python -m deploy.docs`."""
