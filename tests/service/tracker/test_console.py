"""The operators' console: who gets in, what it shows and hides, and what it does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import select

from services.tracker.app import create_app
from services.tracker.handle_request import By
from services.tracker.keyring import Keyring
from services.tracker.models import DeadLetter, OwedMail, TrackedRequest
from services.tracker.settle_note import note_on_timeline
from shared.database import Sessions
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailSent
from shared.kafka.connection import KafkaConnection
from tests.eventually import eventually
from tests.service.tracker.console_rows import dead_letter
from tests.service.tracker.console_visit import Visit, running_identity
from tests.service.tracker.ledger_rows import cause_of, let_pass, tell, told
from tests.service.tracker.office import HETU, NOW, make_settings, submission
from tests.service.tracker.rows import register_one

pytestmark = pytest.mark.usefixtures("one_connection")
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
async def issuer_of_staff(postgres: str) -> AsyncIterator[str]:
    """Give the address of a running identity service, the same for every test."""
    async with running_identity(postgres, make_settings()) as issuer:
        yield issuer


@pytest.fixture
async def visit(tracker_database: str, kafka: KafkaConnection, issuer_of_staff: str) -> AsyncIterator[Visit]:
    """Give a browser in front of the console."""
    app = create_app(make_settings(tracker_database, kafka, oidc_issuer=issuer_of_staff, database_connections=1))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://tracker.test", timeout=30) as client:
            yield Visit(client)


async def register(sessions: Sessions, keyring: Keyring, **changes: Any) -> TrackedRequest:  # noqa: ANN401  as `submission`
    """Register a request as tracker's worker does, and give it."""
    request_id = await register_one(sessions, keyring, submission(**changes))
    async with sessions() as session:
        return await session.get_one(TrackedRequest, request_id)


async def test_who_is_not_signed_in_is_led_to_the_login_and_comes_back_to_the_page(visit: Visit) -> None:
    page = await visit.sign_in(after="/dead-letters")
    assert page.status_code == 200
    assert "Hylätyt sanomat" in page.text
    assert "Olli Operaattori" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "ulos" in (await visit.submit("/sign-out")).text
    assert (await visit.open("/")).status_code == 302


async def test_staff_without_the_role_does_not_get_in(visit: Visit) -> None:
    page = await visit.sign_in("vieras")
    assert (page.status_code, "Tunnuksellasi ei pääse tänne" in page.text) == (403, True)
    assert (await visit.open("/")).status_code == 302


async def test_no_page_opens_without_a_session(visit: Visit) -> None:
    for cookie in ("", "forged"):
        visit.console.cookies.set("asiointi-console", cookie)
        for path in ("/", "/dead-letters", "/failed-mails", "/requests/482913057", "/?queue=x"):
            assert (await visit.open(path)).status_code == 302


async def test_a_text_typed_into_an_ended_session_is_given_back(visit: Visit) -> None:
    page = await visit.post("/console/requests/482913057/resolve", text=f"Pitkä vastaus {EVIL}")
    assert page.status_code == 401
    assert "Pitkä vastaus &lt;script&gt;" in page.text


@pytest.mark.parametrize("charset", ["utf-7", "undefined"])
async def test_a_form_in_an_encoding_of_nobodys_browser_is_refused(visit: Visit, charset: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n+2AA-\r\n--b--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    assert (await visit.console.post("/console/requests/482913053/resolve", content=body, headers=headers)).status_code == 415


async def test_every_change_needs_the_token_of_its_page(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring)
    await visit.sign_in()
    number = request.work_number
    seen = request.changed_at.isoformat()
    for path in ("/sign-out", "/search", f"/requests/{number}/take", f"/requests/{number}/reveal", "/dead-letters/1/redrive"):
        for token in ({}, {"csrf": "guessed"}):
            assert (await visit.post(f"/console{path}", seen=seen, **token)).status_code == 403
    async with sessions() as session:
        assert (await session.get_one(TrackedRequest, request.request_id)).state == "received"


async def test_a_request_is_taken_asked_about_and_resolved(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    number = (await register(sessions, keyring)).work_number
    await visit.sign_in(after=f"/requests/{number}")
    assert "Laskun numero" in visit.page.text
    assert "Kysy asiakkaalta" not in visit.page.text
    assert "Käsittelyssä" in (await visit.submit(f"/requests/{number}/take")).text
    empty = await visit.submit(f"/requests/{number}/ask_customer", text=" ")
    assert (empty.status_code, "Kirjoita teksti asiakkaalle" in empty.text) == (422, True)
    assert "Odottaa asiakasta" in (await visit.submit(f"/requests/{number}/ask_customer", text="Mikä lasku?")).text
    resolved = await visit.submit(f"/requests/{number}/resolve", text=f"Hyvitetty. {EVIL}")
    assert "Ratkaistiin" in resolved.text
    assert "Hyvitetty. &lt;script&gt;" in resolved.text
    assert EVIL not in resolved.text
    assert "Käsittelyssä" in (await visit.submit(f"/requests/{number}/reopen")).text


async def test_a_page_that_others_overtook_changes_nothing_and_keeps_the_text(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring)
    await visit.sign_in(after=f"/requests/{request.work_number}")
    async with sessions.begin() as session:
        await session.execute(update(TrackedRequest).values(state="in_progress", assignee="maija", changed_at=NOW + timedelta(seconds=5)))
    page = await visit.submit(f"/requests/{request.work_number}/resolve", text="Kaksi tuntia kirjoitettu")
    assert page.status_code == 409
    assert "Pyyntö on muuttunut" in page.text
    assert "Kaksi tuntia kirjoitettu" in page.text
    assert "maija" in page.text
    async with sessions() as session:
        assert (await session.get_one(TrackedRequest, request.request_id)).state == "in_progress"


async def test_a_personal_code_stays_covered_until_it_is_asked_for(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring, person={"first_name": EVIL})
    await register(sessions, keyring)
    await visit.sign_in()
    for page in (
        await visit.open("/"),
        await visit.open("/?queue=laskut"),
        await visit.submit("/search", words=HETU),
        await visit.open(f"/requests/{request.work_number}"),
    ):
        assert page.status_code == 200
        assert HETU not in page.text
        assert HETU not in str(page.url)
        assert EVIL not in page.text
    assert "&lt;script&gt;" in visit.page.text
    shown = await visit.submit(f"/requests/{request.work_number}/reveal")
    assert HETU in shown.text
    assert HETU not in (await visit.open(f"/requests/{request.work_number}")).text


async def test_people_are_found_by_name_mail_and_code(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    one, other = await register(sessions, keyring), await register(sessions, keyring)
    await visit.sign_in()
    for words in ("Meikäläinen", "Matti Meikäläinen", "matti.meikalainen@example.fi", HETU):
        page = await visit.submit("/search", words=words)
        assert one.work_number in page.text
        assert other.work_number in page.text
    assert (await visit.submit("/search", words="Nobody")).text.count("/console/requests/") == 0


async def test_a_work_number_leads_straight_to_its_request(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    number = (await register(sessions, keyring)).work_number
    await visit.sign_in()
    page = await visit.submit("/search", words=f"{number[:3]} {number[3:6]} {number[6:]}")
    assert page.url.path == f"/console/requests/{number}"
    await visit.open("/")
    wrong = await visit.submit("/search", words=number[:8] + str((int(number[8]) + 1) % 10))
    assert (wrong.status_code, "jokin niistä on väärin" in wrong.text) == (422, True)


async def test_the_list_goes_on_to_the_oldest(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    numbers = {(await register(sessions, keyring, submitted_at=NOW - timedelta(minutes=n))).work_number for n in range(52)}
    await visit.sign_in(after="/?queue=laskut")
    first = {number for number in numbers if number in visit.page.text}
    address = visit.page.text.partition('rel="next" href="/console')[2].partition('"')[0].replace("&amp;", "&")
    rest = {number for number in numbers if number in (await visit.open(address)).text}
    assert (len(first), len(rest), first | rest) == (50, 2, numbers)


@pytest.mark.usefixtures("readers_caught_up")
async def test_the_front_page_says_first_whether_all_is_well(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    await visit.sign_in()
    assert "Kaikki on kunnossa" in visit.page.text
    late = await register(sessions, keyring, submitted_at=NOW - timedelta(hours=2), due_at=NOW - timedelta(hours=1))
    page = await visit.open("/")
    assert "1 pyyntö on myöhässä" in page.text
    assert "Myöhässä 1 h" in page.text
    await let_pass(sessions, 61)
    await visit.open("/ledger")
    assert "1 pyyntö on yli minuutin ilman vastaanottoilmoitusta" in (await visit.open("/")).text
    await tell(sessions, told(MailSent, late.request_id, await cause_of(sessions, late.request_id)))
    await visit.open("/ledger")
    assert "vastaanottoilmoitusta" not in (await visit.open("/")).text


@pytest.mark.usefixtures("readers_caught_up")
async def test_the_ledger_page_names_each_request_that_is_overdue_and_the_alarms(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    page = await visit.sign_in(after="/ledger")
    assert "Yhtään ei ole ollut" in page.text
    assert "ajan tasalla" in page.text
    request = await register(sessions, keyring)
    await let_pass(sessions, 61)
    await tell(sessions, told(MailDeferred, request.request_id, await cause_of(sessions, request.request_id), codes="530 5.7.0"))

    async def alarmed() -> str:
        page = (await visit.open("/ledger")).text
        assert "kestää" in page
        return page

    shown = await eventually(alarmed)
    assert f"/console/requests/{request.work_number}" in shown
    assert "Sähköposti jäi odottamaan: palvelin ei ottanut vielä vastaan (530 5.7.0)" in shown
    assert "yli minuutin ilman vastaanottoilmoitusta" in (await visit.open("/failed-mails")).text
    assert "yli minuutin ilman" in (await visit.console.get("/console/alarm")).json()["alarm"]


async def test_asking_for_alarms_needs_a_session_and_does_not_prolong_it(visit: Visit) -> None:
    assert (await visit.console.get("/console/alarm")).status_code == 303
    await visit.sign_in()
    assert "Set-Cookie" not in (await visit.console.get("/console/alarm")).headers


async def test_a_failed_mail_is_shown_and_an_alarm_until_it_went_after_all(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring)
    cause = await cause_of(sessions, request.request_id)
    await tell(sessions, told(MailFailed, request.request_id, cause))
    async with sessions.begin() as session:
        await session.execute(text("update mail_outcomes set reply = :reply"), {"reply": f"550 no such user {EVIL}"})
    await visit.sign_in(after="/failed-mails")
    assert f"/console/requests/{request.work_number}" in visit.page.text
    assert "550 no such user &lt;script&gt;" in visit.page.text
    assert "1 posti ei mennyt perille" in (await visit.open("/")).text
    await tell(sessions, told(MailSent, request.request_id, cause))
    assert "Yhtään ei odota" in (await visit.open("/failed-mails")).text
    shown = (await visit.open(f"/requests/{request.work_number}")).text
    assert "Sähköposti ei mennyt perille: vastaanottoilmoitus" in shown
    assert "Sähköposti lähti: vastaanottoilmoitus" in shown


async def test_a_failed_mail_is_settled_for_good(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring)
    await tell(sessions, told(MailFailed, request.request_id, await cause_of(sessions, request.request_id)))
    await visit.sign_in(after="/failed-mails")
    # Without notifier's address nothing can be tried again from here.
    (form,) = [form for form in visit.forms() if "/failed-mails/" in form.action]
    assert form.action.endswith("/settle")
    assert (await visit.post(form.action, **{**form.fields, "note": " "})).status_code == 422
    assert "Yhtään ei odota" in (await visit.post(form.action, **{**form.fields, "note": "Soitin hänelle."})).text
    assert (await visit.post(form.action.replace("settle", "retry"), **form.fields)).status_code == 503
    async with sessions() as session:
        mail = (await session.scalars(select(OwedMail))).one()
        assert (mail.settled_by, mail.settled_note) == ("olli", "Soitin hänelle.")
    assert "Soitin hänelle." in (await visit.open(f"/requests/{request.work_number}")).text


async def test_an_event_that_kafka_refused_is_sent_again_or_settled(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    await register(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large'"))
    await visit.sign_in(after="/ledger")
    send_again, settle = [form for form in visit.forms() if "/unsendable/" in form.action]
    assert "tapahtumaa ei voi julkaista" in visit.page.text
    assert (await visit.post(settle.action, **settle.fields)).status_code == 200
    assert (await visit.post(send_again.action, **send_again.fields)).status_code == 404


@pytest.mark.parametrize(
    ("kind", "details", "line"),
    [
        ("mail.sent_again", {"template": "receipt", "sending": 2}, ">Vastaanottoilmoitus</p>"),
        ("mail.settled", {"template": "receipt", "sending": 1}, ">Vastaanottoilmoitus</p>"),
        ("mail.settled", {"template": "receipt", "sending": 1, "note": "Soitin"}, ">Vastaanottoilmoitus: Soitin</p>"),
        ("dead_letter.settled", {}, "Hylätty sanoma selvitettiin"),
        ("dead_letter.settled", {"note": f"Soitin {HETU}"}, ">Soitin ••••••-••••</p>"),
    ],
)
async def test_the_timeline_shows_what_an_operator_did_with_a_note_or_without(
    visit: Visit, sessions: Sessions, keyring: Keyring, kind: str, details: dict[str, str | int], line: str
) -> None:
    request = await register(sessions, keyring)
    async with sessions.begin() as session:
        note_on_timeline(session, request.request_id, kind, By("staff", "olli"), **details)
    assert line in (await visit.sign_in(after=f"/requests/{request.work_number}")).text


async def test_the_ledger_leads_to_the_returned_mails_that_nobody_settled(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring)
    cause = await cause_of(sessions, request.request_id)
    await tell(sessions, told(MailSent, request.request_id, cause), told(MailBounced, request.request_id, cause))
    link = 'href="/console/returned-mails"'
    in_the_menu = (await visit.sign_in(after="/ledger")).text.count(link)
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set returned_at = now() - interval '10 days'"))
    shown = (await visit.open("/ledger")).text
    assert shown.count(link) == in_the_menu + 1
    assert "<td>osoitetta ei ole (5.1.1)</td>" in shown


async def test_a_returned_mail_is_shown_with_the_phone_number_and_is_settled_with_a_note(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request = await register(sessions, keyring)
    cause = await cause_of(sessions, request.request_id)
    await tell(sessions, told(MailSent, request.request_id, cause), told(MailBounced, request.request_id, cause))
    await visit.sign_in(after="/returned-mails")
    assert "tel:+358401234567" in visit.page.text
    assert "osoitetta ei ole (5.1.1)" in visit.page.text
    assert "posti ei mennyt perille" not in (await visit.open("/")).text
    await visit.open("/returned-mails")
    # Without notifier's address nothing can be sent again from here.
    (form,) = [form for form in visit.forms() if "/returned-mails/" in form.action]
    assert form.action.endswith("/settle")
    refused = await visit.post(form.action, **{**form.fields, "note": " "})
    assert (refused.status_code, "Kirjoita lyhyesti" in refused.text) == (422, True)
    assert "Yhtään ei odota" in (await visit.post(form.action, **{**form.fields, "note": "Soitin & kerroin"})).text
    shown = (await visit.open(f"/requests/{request.work_number}")).text
    for line in (
        "Sähköposti palautui: vastaanottoilmoitus",
        "Osoitetta ei ole (5.1.1)",
        "Sähköpostin asia hoidettiin muuten",
        "Soitin &amp; kerroin",
    ):
        assert line in shown


async def test_a_dead_letter_is_shown_safely_and_goes_back_once(visit: Visit, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(dead_letter(f"{EVIL} {HETU} \x00\x1b[2J \xff".encode("latin-1")))
    page = await visit.sign_in(after="/dead-letters")
    assert "Lomake ei kelpaa (bad-form)" in page.text
    assert "&lt;script&gt;" in page.text
    assert "ce_type" in page.text
    assert "\\x1b[2J" in page.text
    assert EVIL not in page.text
    assert HETU not in page.text
    assert "1 hylätty sanoma odottaa" in (await visit.open("/failed-mails")).text
    await visit.open("/dead-letters")
    (form,) = [form for form in visit.forms() if form.action.endswith("/again")]
    back = await visit.post(form.action, **form.fields)
    assert "Yhtään ei odota" in back.text
    async with sessions() as session:
        assert (await session.get_one(DeadLetter, 1)).redriven_by == "olli"


async def test_a_dead_letter_that_is_not_needed_is_laid_aside_for_good(visit: Visit, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(dead_letter(b"x"))
    await visit.sign_in(after="/dead-letters")
    (form,) = [form for form in visit.forms() if form.action.endswith("/settle")]
    assert "Yhtään ei odota" in (await visit.post(form.action, **form.fields)).text
    async with sessions() as session:
        assert (await session.get_one(DeadLetter, 1)).dismissed_by == "olli"


async def test_what_is_not_there_is_told_as_a_page(visit: Visit) -> None:
    await visit.sign_in()
    for path in ("/requests/00000000-0000-0000-0000-000000000000", "/requests/x", "/nothing", "/dead-letters?before=x", "/?state=x", "/?cursor=x"):
        page = await visit.open(path)
        assert 400 <= page.status_code < 500
        assert "<h1>" in page.text


async def test_a_form_that_is_sent_twice_is_done_once_and_answered_alike(visit: Visit, sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    await visit.sign_in(after=f"/requests/{request_id}")
    form = next(form for form in visit.forms() if "seen" in form.fields)
    answers = [await visit.console.post(f"/console/requests/{request_id}/take", data=form.fields) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [
        (303, answers[0].headers["location"]),
        (303, answers[0].headers["location"]),
    ]
    other = await visit.console.post(f"/console/requests/{request_id}/resolve", data={**form.fields, "text": "Valmis."})
    assert (other.status_code, "Pyyntö on muuttunut" in other.text) == (409, True)


@pytest.mark.parametrize("action", ["settle", "send-again"])
async def test_a_second_click_on_what_kafka_refused_is_answered_as_the_first(visit: Visit, sessions: Sessions, keyring: Keyring, action: str) -> None:
    await register_one(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large'"))
    await visit.sign_in(after="/ledger")
    form = next(form for form in visit.forms() if form.action.endswith(f"/{action}"))
    answers = [await visit.console.post(form.action, data=form.fields) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [(303, "/console/ledger")] * 2
