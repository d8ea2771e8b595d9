"""Shows the page where a citizen chooses a bank: one form per bank, with a TUPAS request in it."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.identity import tupas
from services.identity.citizen.handshakes import start_handshake
from services.identity.models import Attempt
from services.identity.resources import Resources


async def show_banks(
    session: AsyncSession, resources: Resources, attempt: Attempt, languages: Mapping[str, str]
) -> Response:
    """Start a handshake with every bank and show the forms.

    `languages` are the addresses of this page by language.
    """
    issuer = resources.settings.issuer
    choices = [
        {
            "bank": bank,
            "address": bank.url or f"{issuer}/bank/{bank.code}",
            "fields": tupas.with_mac(await start_handshake(session, bank, attempt, issuer), bank.keys),
        }
        for bank in resources.banks.values()
    ]
    return resources.pages.render(
        "choose_bank.html",
        attempt.language,
        choices=choices,
        simulated=any(bank.url is None for bank in resources.banks.values()),
        languages=languages,
        cancel=f"/tupas/cancel?attempt={attempt.id}",
    )
