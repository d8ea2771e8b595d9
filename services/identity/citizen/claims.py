"""What a client is told about a citizen whom a bank has identified."""

from typing import Any

from services.identity.keys import Keys
from services.identity.tupas import Response

PERSONAL_IDENTITY_CODE = "urn:oid:1.2.246.21"
"""The claim that the Finnish trust network uses for the henkilötunnus."""
CITIZEN_ACR = "http://ftn.ficora.fi/2017/loa2"
PARTICLES = frozenset({"af", "da", "de", "del", "der", "di", "du", "la", "le", "van", "von", "zu"})


def citizen_claims(response: Response, bank_name: str, keys: Keys) -> dict[str, Any]:
    """Give the claims of a proven response with a plain henkilötunnus."""
    given_name, family_name = split_name(response.custname)
    return {
        "sub": keys.pseudonym(response.custid),
        "given_name": given_name,
        "family_name": family_name,
        "name": f"{given_name} {family_name}".strip(),
        PERSONAL_IDENTITY_CODE: response.custid,
        "bank": bank_name,
        "acr": CITIZEN_ACR,
        "amr": ["tupas"],
    }


def split_name(bank_name: str) -> tuple[str, str]:
    """Give given names and family name of a name as banks write it: `VON ESSEN GÖRAN` → (`Göran`, `von Essen`).

    The family name comes first, after its particles; a single word is taken for the family name.
    """
    words = bank_name.split()
    particles = next((count for count, word in enumerate(words) if word.lower() not in PARTICLES), 0)
    shouted = bank_name == bank_name.upper()
    written = [_written(word) if shouted else word for word in words]
    return " ".join(written[particles + 1 :]), " ".join(written[: particles + 1])


def _written(word: str) -> str:
    return word.lower() if word.lower() in PARTICLES else "-".join(part.capitalize() for part in word.split("-"))
