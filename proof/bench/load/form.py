"""The form that every request of a run carries."""

import json
from urllib.request import urlopen

SERVICE = "pyyda-laskukopio"


def fetch_form(intake: str, service: str = SERVICE) -> dict[str, str]:
    """Give the example that intake (`http://…`) offers for a service; it is accepted as it is."""
    with urlopen(f"{intake}/api/v1/services/{service}", timeout=10) as answer:  # noqa: S310  our own service
        example: dict[str, object] = json.load(answer)["form_schema"]["examples"][0]
    return {name: str(value) for name, value in example.items()}
