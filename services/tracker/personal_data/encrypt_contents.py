"""Encrypts answers and texts that an earlier version wrote in clear, in small batches."""

import asyncio

from sqlalchemy import text

from services.tracker.personal_data.at_rest import AtRest
from shared.database.engine import Sessions, is_transient
from shared.process.logs import get_log

log = get_log(__name__)

BATCH_SIZE = 500
PAUSE_SECONDS = 60.0

TAKE_ANSWERS = text("""
    select request_id, answers::text as answers from requests where answers <> '[]' order by request_id
        limit :most for update skip locked
""")
KEEP_ANSWERS = text("""
    update requests set answers = '[]', answers_box = given.box
        from unnest(cast(:ids as uuid[]), cast(:boxes as bytea[])) given (id, box)
    where requests.request_id = given.id
""")
TAKE_TEXTS = text(
    "select id, event_id, text from history where text is not null "
    "order by id limit :most for update skip locked"
)
KEEP_TEXTS = text("""
    update history set text = null, text_box = given.box
        from unnest(cast(:ids as bigint[]), cast(:boxes as bytea[])) given (id, box)
    where history.id = given.id and history.text is not null
""")

EMPTY_ERASED = text("""
    update requests set answers_box = null where request_id in (
        select request_id from requests where erased_at is not null and answers_box is not null
            order by request_id limit :most for update skip locked
    ) returning request_id
""")
EMPTY_TEXTS = text("update history set text_box = null where request_id = any(:ids) and text_box is not null")


async def encrypt_for_ever(sessions: Sessions, at_rest: AtRest) -> None:
    """Encrypt until cancelled: processes of the version before may write in clear for as long as they run."""
    while True:
        try:
            while await encrypt_some(sessions, at_rest):
                pass
        except Exception as error:
            if is_transient(error):
                log.warning("database_away", error=type(error).__name__)
            else:
                log.exception("contents_not_encrypted", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def encrypt_some(sessions: Sessions, at_rest: AtRest, most: int = BATCH_SIZE) -> bool:
    """Encrypt some of what is in clear and not being worked with; says whether there may be more."""
    async with sessions.begin() as session:
        answers = (await session.execute(TAKE_ANSWERS, {"most": most})).all()
        if answers:
            boxes = [at_rest.encrypt_answers(row.answers, row.request_id) for row in answers]
            await session.execute(KEEP_ANSWERS, {"ids": [row.request_id for row in answers], "boxes": boxes})
    async with sessions.begin() as session:
        texts = (await session.execute(TAKE_TEXTS, {"most": most})).all()
        if texts:
            boxes = [at_rest.encrypt_text(row.text, row.event_id) for row in texts]
            await session.execute(KEEP_TEXTS, {"ids": [row.id for row in texts], "boxes": boxes})
    async with sessions.begin() as session:
        # A process of the version before removes a request's contents, and knows of no boxes.
        erased = list(await session.scalars(EMPTY_ERASED, {"most": most}))
        if erased:
            await session.execute(EMPTY_TEXTS, {"ids": erased})
    return max(len(answers), len(texts), len(erased)) == most
