"""The operators' console: web pages for requests, the ledger, and what failed."""

from services.tracker.console.install import install_console

__all__ = ["install_console"]
