"""A claim that was committed although its answer was lost leaves no mail behind."""

from sqlalchemy import text

from services.notifier.settings import Settings
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    running_dispatcher,
    wait_for_delivery,
)

CLAIMED = text("update deliveries set state = 'sending', owner = :owner, next_attempt_at = now()")
WAITING = text(
    "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
    "and query like '%with due as%'"
)
CUT = text("select pg_terminate_backend(:pid)")


async def test_a_mail_claimed_by_a_lost_answer_is_sent_all_the_same(
    settings: Settings, sessions: Sessions
) -> None:
    citizen = Citizen()
    await handle_batch(sessions, [citizen.registered()])
    async with sessions.begin() as session:
        await session.execute(
            text("update deliveries set next_attempt_at = 'infinity'")
        )  # so that nobody claims it before its time
    async with running_dispatcher(settings, sessions) as dispatcher:
        async with sessions.begin() as session:
            await session.execute(text("lock table deliveries in access exclusive mode"))
            dispatcher.wake()

            async def claiming() -> int:
                async with sessions() as looking:
                    (pid,) = (await looking.scalars(WAITING)).all()
                return int(pid)

            pid = await eventually(claiming)
            # What the server has after the claim's commit; the one who claims hears nothing of it but the end
            # of its connection.
            await session.execute(CLAIMED, {"owner": dispatcher.hand_over.owner})
            await session.execute(CUT, {"pid": pid})
        await wait_for_delivery(sessions, citizen)
    assert [row.state for row in await fetch_rows(sessions)] == ["sent"]
