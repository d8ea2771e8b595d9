"""Sends a citizen's undelivered mails again to a corrected address, and later mails there too.

The citizen names its work number and the address that it has.
"""

from contextlib import suppress
from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.clients.notifier import ContentsGone, Notifier
from services.tracker.domain import By
from services.tracker.find.follow_request import NOT_FOUND
from services.tracker.find.mails_of_request import undelivered_mails
from services.tracker.find.typed_work_number import read_work_number
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.models import TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from shared.web.problems import InvalidFields, NotFound, Problem

CITIZEN = By("citizen", None)


class NothingToCorrect(Problem):
    """409: every mail of the request arrived, or is under way; its address is changed on the phone only."""

    status = HTTPStatus.CONFLICT
    slug = "nothing-to-correct"
    title = "No mail of this request waits for another address"


async def correct_own_address(
    session: AsyncSession,
    work_number: str,
    email: str,
    corrected: str,
    *,
    notifier: Notifier | None,
    keyring: Keyring,
) -> int:
    """Send all mails that did not arrive to the corrected address; return how many.

    The request's later mails go there too.

    What is too old to be sent again is left out. Raises `InvalidWorkNumber`; the same `NotFound` for an
    unknown number and for a wrong address; `NothingToCorrect`; `InvalidFields` for a corrected address
    that is invalid or unchanged; and what `send_mail_again` raises.
    """
    number, indexes = read_work_number(work_number), keyring.at_rest.email_indexes(email)
    known = (
        select(TrackedRequest)
        .where(col(TrackedRequest.work_number) == number, col(TrackedRequest.email_index).in_(indexes))
        .with_for_update()
    )
    request = await session.scalar(known)
    if request is None:
        raise NotFound(NOT_FOUND)
    if keyring.at_rest.index_email(corrected) in keyring.at_rest.email_indexes(request.email):
        raise InvalidFields(
            [{"field": "corrected_email", "message": "This is the address that the mail did not reach"}]
        )
    mails = await undelivered_mails(session, request.request_id)
    if not mails:
        raise NothingToCorrect
    sent = 0
    for mail in mails:
        with suppress(ContentsGone):
            await send_mail_again(
                session,
                mail.event_id,
                CITIZEN,
                returned=mail.returned,
                email=corrected,
                notifier=notifier,
                keyring=keyring,
            )
            sent += 1
    if not sent:
        raise ContentsGone
    return sent
