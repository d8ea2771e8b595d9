"""The operators' console: is all well, what is open, one request, what went wrong."""

from services.tracker.console.install import install_console

__all__ = ["install_console"]
