"""After a change of notifier's key all that is kept of mails comes under the new one, and opens as before."""

from sqlalchemy import text

from services.notifier.reencrypt import run
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.crypto.reencrypt import Done
from shared.crypto.sealing import generate_private_key
from shared.database.engine import Sessions
from tests.service.notifier.builders import PRIVATE_KEY, Citizen, handle_batch


async def test_waiting_and_sent_mails_and_reports_come_under_the_new_key(
    sessions: Sessions, settings: Settings
) -> None:
    new = generate_private_key()
    old_box, new_box = ContentsBox(PRIVATE_KEY), ContentsBox(new)
    waiting, sent = Citizen(), Citizen()
    await handle_batch(sessions, [waiting.registered(), sent.registered()])
    async with sessions.begin() as session:
        await session.execute(
            text("update deliveries set state = 'sending' where request_id = :id"), {"id": sent.request_id}
        )
        moved = (
            "update deliveries set state = 'sent', contents = null where request_id = :id returning id, "
            "old.contents"
        )
        delivery_id, contents = (await session.execute(text(moved), {"id": sent.request_id})).one()
        keep = text("insert into sent_contents (delivery_id, contents) values (:id, :contents)")
        await session.execute(keep, {"id": delivery_id, "contents": contents})
        report = {"digest": b"digest", "mail": old_box.box.encrypt(b"a report", b"digest")}
        await session.execute(
            text("insert into reports (digest, verdict, mail) values (:digest, 'unknown', :mail)"), report
        )
    changed = settings.model_copy(
        update={"sealing_private_keys": type(settings.sealing_private_keys)(f"{new},{PRIVATE_KEY}")}
    )
    assert await run(changed) == Done(changed=3)
    async with sessions() as session:
        open_mail = (
            await session.execute(
                text("select contents, message_id from deliveries where contents is not null")
            )
        ).one()
        assert new_box.unlock(*open_mail).email == waiting.email
        kept = text(
            "select k.contents, d.message_id from sent_contents k join deliveries d on d.id = k.delivery_id"
        )
        assert new_box.unlock(*(await session.execute(kept)).one()).email == sent.email
        assert (
            new_box.box.decrypt(await session.scalar(text("select mail from reports")) or b"", b"digest")
            == b"a report"
        )
    assert await run(changed) == Done()
