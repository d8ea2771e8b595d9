"""Lists the documents that are generated from the code."""

from pathlib import Path

from deploy.docs.events import describe_events
from deploy.docs.http import describe_http
from deploy.docs.metrics import describe_metrics
from deploy.docs.settings import describe_settings

FOLDER = Path(__file__).resolve().parents[2] / "docs"
DOCUMENTS = {
    "settings.md": describe_settings,
    "http.md": describe_http,
    "events.md": describe_events,
    "metrics.md": describe_metrics,
}


def reference() -> dict[str, str]:
    """Return the text of each document by its name under `docs/`."""
    return {name: describe() for name, describe in DOCUMENTS.items()}
