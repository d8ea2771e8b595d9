"""What a client is told about a citizen whom a bank has identified."""

import re
from typing import Any

from services.identity.keys import Keys
from services.identity.tupas import Response
from services.identity.verify_tupas import has_plain_code
from shared.auth.personal_identity_code import CLAIM

CITIZEN_ACR = "http://ftn.ficora.fi/2017/loa2"
SMALL = frozenset({"af", "das", "de", "del", "den", "der", "dos", "ten", "ter", "van", "von", "zu"})
"""Written small before a family name."""
PARTICLES = SMALL | {"al", "bin", "el", "mac"}
"""They begin a family name of two words; words that are family names of their own (Do, La, Le) are not among them."""
LETTERS = re.compile(r"[^\W\d_]+")


def citizen_claims(response: Response, bank_name: str, keys: Keys) -> dict[str, Any]:
    """Give the claims of a proven response with a plain henkilötunnus; `ValueError` where it holds anything else."""
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
    """Give given names and family name of a name as banks write it: `VON ESSEN GÖRAN` → (`Göran`, `von Essen`).

    The family name comes first, with the particles before it; the last of several words is never in it, and a single word is a family name.
    Which of three words or more are given names is a guess: nobody is greeted by them (`shared/text/greeted_name.py`).
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
