"""Makes the OpenID Connect claims about a citizen from a bank's verified answer."""

import re
from typing import Any

from services.identity.keys import Keys
from services.identity.tupas import Response
from services.identity.verify_tupas import has_plain_code
from shared.auth.personal_identity_code import CLAIM

CITIZEN_ACR = "http://ftn.ficora.fi/2017/loa2"
SMALL = frozenset({"af", "das", "de", "del", "den", "der", "dos", "ten", "ter", "van", "von", "zu"})
"""Particles that are written in lower case before a family name."""
PARTICLES = SMALL | {"al", "bin", "el", "mac"}
"""Particles that begin a family name. Do, La and Le are left out: they are family names themselves."""
LETTERS = re.compile(r"[^\W\d_]+")


def citizen_claims(response: Response, bank_name: str, keys: Keys) -> dict[str, Any]:
    """Return the claims of a verified response; `ValueError` when it holds no plain henkilötunnus."""
    if not has_plain_code(response):
        raise ValueError("the response holds no plain henkilötunnus")
    given_name, family_name = split_name(response.custname)
    return {
        "sub": keys.pseudonym(response.custid),
        "given_name": given_name,
        "family_name": family_name,
        "name": f"{given_name} {family_name}".strip(),
        CLAIM: response.custid,
        "bank": bank_name,
        "acr": CITIZEN_ACR,
        "amr": ["tupas"],
    }


def split_name(bank_name: str) -> tuple[str, str]:
    """Return given names and family name of a name as banks write it.

    `VON ESSEN GÖRAN` → (`Göran`, `von Essen`). The family name comes first, with its particles; the last of
    several words is never part of it, and a single word is a family name. With three words or more the result
    is a guess, so mails do not greet people by it (`shared/text/greeted_name.py`).
    """
    words = bank_name.split()
    leading = next((count for count, word in enumerate(words) if word.lower() not in PARTICLES), 0)
    particles = min(leading, max(len(words) - 2, 0))
    all_capitals = bank_name == bank_name.upper()
    written = [
        _written(word, small=place < particles) if all_capitals else word for place, word in enumerate(words)
    ]
    return " ".join(written[particles + 1 :]), " ".join(written[: particles + 1])


def _written(word: str, *, small: bool) -> str:
    return (
        word.lower()
        if small and word.lower() in SMALL
        else LETTERS.sub(lambda letters: letters[0].capitalize(), word)
    )
