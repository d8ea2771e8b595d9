"""Makes the TUPAS answer of a simulated bank, and the address that carries it back."""

import secrets
from datetime import datetime

from services.identity import tupas
from services.identity.banks import Bank, Customer

SHORT_TIMESTMP, SHORT_IDNBR, IDNBR = 19, 8, 10
NO_IDENTIFIER = "-"
"""The CUSTID of an answer without an identifier: no mandatory field may be empty."""


def make_answer(
    bank: Bank, customer: Customer, request: tupas.Request, *, number: int, now: datetime
) -> dict[str, str]:
    """Return the B02K fields about a customer, with their MAC; `number` counts the bank's identifications."""
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
    """Return the link with the answer in its query, which may have other parameters already."""
    return f"{link}{'&' if '?' in link else '?'}{tupas.to_query(answer)}"
