"""The canary's mail is sent like any other, listed nowhere, and forgotten after a day."""

from dataclasses import replace

from sqlalchemy import text

from services.notifier.operate.list_deliveries import list_deliveries
from services.notifier.retention import forget
from services.notifier.settings import Settings
from shared import canary
from shared.database.engine import Sessions
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    running_dispatcher,
    wait_for_delivery,
)


async def test_its_mail_goes_out_and_is_gone_after_a_day(sessions: Sessions, settings: Settings) -> None:
    somebody, test = Citizen(), Citizen()
    sent = test.registered()
    numbered = sent.event.model_copy(update={"work_number": canary.WORK_NUMBER, "service": canary.SERVICE})
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [somebody.registered(), replace(sent, event=numbered)], dispatcher)
        for citizen in (somebody, test):
            await wait_for_delivery(sessions, citizen)
    async with sessions() as session:
        page = await list_deliveries(session, state=None, request_id=None, before=None, limit=10)
    assert [each.request_id for each in page.deliveries] == [somebody.request_id]
    await forget(sessions, 30)
    assert len(await fetch_rows(sessions)) == 2
    async with sessions.begin() as session:
        await session.execute(text("update canary_mails set added_at = added_at - interval '25 h'"))
    await forget(sessions, 30)
    assert [row.request_id for row in await fetch_rows(sessions)] == [somebody.request_id]
    assert await fetch_rows(sessions, "select event_id from canary_mails") == []
