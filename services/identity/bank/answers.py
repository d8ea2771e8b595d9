"""The sealed answer of a simulated bank, and where the browser takes it."""

import secrets
from datetime import datetime

from services.identity import tupas
from services.identity.banks import Bank, Customer

SHORT_TIMESTMP, SHORT_IDNBR, IDNBR = 19, 8, 10
NO_IDENTIFIER = "-"
"""Stands in CUSTID when there is no identifier: no mandatory field may be empty."""


def make_answer(
    bank: Bank, customer: Customer, request: tupas.Request, *, number: int, now: datetime
) -> dict[str, str]:
    """Give the sealed B02K fields about a customer; `number` counts the bank's identifications."""
    timestmp = bank.number + tupas.make_stamp(now, secrets.randbelow(1_000_000))
    length = SHORT_IDNBR if bank.short else IDNBR
    response = tupas.Response(
        vers=bank.version,
        timestmp=timestmp[:SHORT_TIMESTMP] if bank.short else timestmp,
        idnbr=f"{number % 10**length:0{length}d}",
        stamp=request.stamp,
        custname=customer.name,
        keyvers=bank.key_version,
        alg=bank.keys.algorithm,
        custid=customer.personal_identity_code or NO_IDENTIFIER,
        custtype=customer.answer,
    )
    return tupas.with_mac(response, bank.keys)


def address_with(link: str, answer: dict[str, str]) -> str:
    """Append an answer to a link, which may have a query of its own."""
    return f"{link}{'&' if '?' in link else '?'}{tupas.to_query(answer)}"
