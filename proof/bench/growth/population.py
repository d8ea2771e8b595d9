"""Who sent the requests that the tables are filled with, and what: ten thousand kinds, which the rows draw from. Pure but for chance."""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeVar

T = TypeVar("T")
HOW_MANY = 9_973
"""A prime, so that no kind keeps meeting the same row."""
SEALED_BYTES = 1_210
"""What HPKE makes of an address and a first name."""
STEMS = ("Virta", "Korho", "Mäki", "Niemi", "Laakso", "Koski", "Heikki", "Salo", "Lehto", "Saari", "Rauta", "Hiet", "Kallio", "Ranta", "Aalto")
ENDINGS = ("nen", "la", "vaara", "maa", "lahti", "niemi", "järvi", "harju", "oja", "aho", "nen-Aho", "puro", "kangas", "joki", "nen-Laine", "mäki")
FIRST_NAMES = ("Aino", "Eino", "Maria", "Juhani", "Sofia", "Mikael", "Helena", "Olavi", "Anneli", "Matti", "Kaarina", "Tapani", "Liisa", "Antti")
SERVICES = (
    ("pyyda-laskukopio", "Pyydä laskukopio", "laskutus"),
    ("kysy-tai-ilmoita-laskuun-liittyen", "Kysy tai ilmoita laskuun liittyen", "laskutus"),
    ("kysy-palkanmaksusta", "Kysy palkanmaksusta", "palkat"),
    ("tilaa-palkkatodistus", "Tilaa palkkatodistus", "palkat"),
    ("henkilotietojen-muutos", "Henkilötietojen muutos", "palvelussuhteet"),
    ("laheta-palautetta", "Lähetä palautetta", "palaute"),
)
TABLE = """
    create table bench_population (
        kind int primary key, service text not null, title text not null, queue text not null, sealed_contact text not null, answers jsonb not null,
        first_name text not null, last_name text not null, name_key text not null, personal_code bytea not null
    )
"""
Kind = tuple[int, str, str, str, str, str, str, str, str, bytes]


def population() -> Iterator[Kind]:
    """Give the rows of the table."""
    last_names = [stem + ending for stem, ending in product(STEMS, ENDINGS)]
    for kind in range(HOW_MANY):
        first, last = _of(FIRST_NAMES, kind), _of(last_names, kind // len(FIRST_NAMES))
        service, title, queue = _of(SERVICES, kind)
        sealed = base64.urlsafe_b64encode(os.urandom(SEALED_BYTES)).decode().rstrip("=")
        yield kind, service, title, queue, sealed, _answers(kind), first, last, f"{last} {first}".lower(), os.urandom(40)


def _answers(kind: int) -> str:
    answers = (
        ("invoice_number", "Laskun numero", f"{10_000_000 + kind}"),
        ("invoice_subject", "Mitä lasku koskee", "Päivähoitomaksu, huhtikuu"),
        ("details", "Lisätietoja", "Laskua ei ole tullut postissa, ja eräpäivä lähestyy. " * (1 + kind % 4)),
    )
    return json.dumps([{"field": field, "label": label, "value": value} for field, label, value in answers], ensure_ascii=False)


def _of(choices: Sequence[T], number: int) -> T:
    return choices[number % len(choices)]
