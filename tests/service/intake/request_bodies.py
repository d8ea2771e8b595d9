"""Bodies as a portal would send them."""

from typing import Any

PERSON = {
    "first_name": "Aino",
    "last_name": "Koskimies",
    "personal_identity_code": "131052-308T",
    "email": "aino.koskimies@example.com",
    "phone": "040 765 4321",
}
ANSWERS = {"invoice_subject": "Päivähoitomaksu huhtikuulta", "delivery": "kirje"}
IN_CLEAR = [*PERSON.values(), "0407654321", *ANSWERS.values(), "Kirjeenä"]


def invoice_copy(**changes: str) -> dict[str, Any]:
    """Return a whole request for a copy of an invoice, with some fields changed."""
    return {"service": "pyyda-laskukopio", "language": "fi", "form": PERSON | ANSWERS | changes}
