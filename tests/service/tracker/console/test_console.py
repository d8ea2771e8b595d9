"""The operators' console: who gets in, what it shows and hides, and what it does."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from services.tracker.domain import By
from services.tracker.models import DeadLetter, HistoryEntry, OwedMail, Read, TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.retention import remove_due
from services.tracker.trouble.settle_note import note_on_timeline
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailSent
from tests.eventually import eventually
from tests.service.tracker.builders import HETU, NOW
from tests.service.tracker.console_builders import dead_letter, register_tracked
from tests.service.tracker.console_client import ConsoleClient
from tests.service.tracker.database import register_one
from tests.service.tracker.ledger_builders import event_id_of, handle_outcomes, mail_outcome_event, make_older

pytestmark = pytest.mark.usefixtures("one_connection")
EVIL = "<script>alert(1)</script>"


async def test_who_is_not_signed_in_is_led_to_the_login_and_comes_back_to_the_page(
    console: ConsoleClient,
) -> None:
    page = await console.sign_in(after="/dead-letters")
    assert page.status_code == 200
    assert "Lukematta jääneet sanomat" in page.text
    assert "Olli Operaattori" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "ulos" in (await console.submit("/sign-out")).text
    assert (await console.open("/")).status_code == 302


async def test_sign_ins_in_tabs_side_by_side_all_succeed_and_lead_each_to_its_page(
    console: ConsoleClient,
) -> None:
    asked = {"/dead-letters": "Lukematta jääneet sanomat", "/ledger": "Täsmäytys"}
    ways = {page: await console.log_in_at_identity(page) for page in asked}
    for page, title in reversed(asked.items()):
        opened = await console.return_from_login(ways[page])
        assert (opened.status_code, opened.request.url.path) == (200, f"/console{page}")
        assert title in opened.text


async def test_a_page_can_still_be_used_after_its_operator_has_signed_in_in_another_tab(
    console: ConsoleClient,
) -> None:
    way = await console.log_in_at_identity("/failed-mails")
    await console.sign_in()
    token = next(form.fields["csrf"] for form in console.forms() if "csrf" in form.fields)
    await console.return_from_login(way)
    assert "ulos" in (await console.post("/console/sign-out", csrf=token)).text


async def test_staff_without_the_role_does_not_get_in(console: ConsoleClient) -> None:
    page = await console.sign_in("vieras")
    assert (page.status_code, "Tunnuksellasi ei pääse tänne" in page.text) == (403, True)
    assert (await console.open("/")).status_code == 302


async def test_no_page_opens_without_a_session(console: ConsoleClient) -> None:
    for cookie in ("", "forged"):
        console.client.cookies.set("asiointi-console", cookie)
        for path in ("/", "/dead-letters", "/failed-mails", "/requests/482913057", "/?queue=x"):
            assert (await console.open(path)).status_code == 302


async def test_a_text_typed_into_an_ended_session_is_given_back(console: ConsoleClient) -> None:
    page = await console.post("/console/requests/482913057/resolve", text=f"Pitkä vastaus {EVIL}")
    assert page.status_code == 401
    assert "Pitkä vastaus &lt;script&gt;" in page.text


@pytest.mark.parametrize("charset", ["utf-7", "undefined"])
async def test_a_form_in_an_encoding_of_nobodys_browser_is_refused(
    console: ConsoleClient, charset: str
) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n+2AA-\r\n--b--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    assert (
        await console.client.post("/console/requests/482913053/resolve", content=body, headers=headers)
    ).status_code == 415


async def test_every_change_needs_the_token_of_its_page(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    await console.sign_in()
    number = request.work_number
    seen = request.changed_at.isoformat()
    for path in (
        "/sign-out",
        "/search",
        f"/requests/{number}/take",
        f"/requests/{number}/reveal",
        "/dead-letters/1/redrive",
    ):
        for token in ({}, {"csrf": "guessed"}):
            assert (await console.post(f"/console{path}", seen=seen, **token)).status_code == 403
    async with sessions() as session:
        assert (await session.get_one(TrackedRequest, request.request_id)).state == "received"


async def test_an_address_that_forms_are_sent_to_leads_to_its_page_when_it_is_reloaded(
    console: ConsoleClient,
) -> None:
    await console.sign_in()
    event = "0190163d-8694-739b-aea5-966c26f8ad91"
    pages = {
        "/search": "/",
        "/sign-out": "/",
        "/requests/482913057/reveal": "/requests/482913057",
        "/requests/482913057/take": "/requests/482913057",
        "/dead-letters/1/settle": "/dead-letters",
        f"/failed-mails/{event}/send-again": "/failed-mails",
        "/failed-mails/retry": "/failed-mails",
        f"/returned-mails/{event}/settle": "/returned-mails",
        "/skipped/1/settle": "/ledger",
        f"/unsendable/{event}/settle": "/ledger",
        "/requests/%25/reveal": "/requests/%25",
    }
    for address, page in pages.items():
        answer = await console.client.get(f"/console{address}", follow_redirects=False)
        assert (answer.status_code, answer.headers.get("location")) == (303, f"/console{page}"), address
    assert (await console.client.get("/console/nowhere", follow_redirects=False)).status_code == 404


async def test_a_request_is_taken_asked_about_and_resolved(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    number = (await register_tracked(sessions, keyring)).work_number
    await console.sign_in(after=f"/requests/{number}")
    assert "Laskun numero" in console.page.text
    assert "Kysy asiakkaalta" not in console.page.text
    assert "Käsittelyssä" in (await console.submit(f"/requests/{number}/take")).text
    empty = await console.submit(f"/requests/{number}/ask_customer", text=" ")
    assert (empty.status_code, "Kirjoita teksti asiakkaalle" in empty.text) == (422, True)
    assert (
        "Odottaa asiakasta"
        in (await console.submit(f"/requests/{number}/ask_customer", text="Mikä lasku?")).text
    )
    resolved = await console.submit(f"/requests/{number}/resolve", text=f"Hyvitetty. {EVIL}")
    assert "Ratkaistiin" in resolved.text
    assert "Hyvitetty. &lt;script&gt;" in resolved.text
    assert EVIL not in resolved.text
    assert "Käsittelyssä" in (await console.submit(f"/requests/{number}/reopen")).text


async def test_a_page_that_others_overtook_changes_nothing_and_keeps_the_text(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    await console.sign_in(after=f"/requests/{request.work_number}")
    async with sessions.begin() as session:
        await session.execute(
            update(TrackedRequest).values(
                state="in_progress", assignee="maija", changed_at=NOW + timedelta(seconds=5)
            )
        )
    page = await console.submit(f"/requests/{request.work_number}/resolve", text="Kaksi tuntia kirjoitettu")
    assert page.status_code == 409
    assert "Pyyntö on muuttunut" in page.text
    assert "Kaksi tuntia kirjoitettu" in page.text
    assert "maija" in page.text
    async with sessions() as session:
        assert (await session.get_one(TrackedRequest, request.request_id)).state == "in_progress"


async def test_a_request_whose_contents_were_removed_says_so_and_keeps_what_was_typed(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    await console.sign_in(after=f"/requests/{request.work_number}")
    async with sessions.begin() as session:
        await session.execute(
            update(TrackedRequest).values(
                state="resolved", changed_at=request.changed_at - timedelta(days=366)
            )
        )
        await session.execute(update(HistoryEntry).values(value=None))
    assert (await console.open(f"/requests/{request.work_number}")).text.count("Meikäläinen") > 0
    ledger = re.sub(r"<[^>]*>", " ", (await console.open("/ledger")).text)
    assert "Poistettavana 1" in " ".join(ledger.split())
    await console.open(f"/requests/{request.work_number}")
    await remove_due(sessions)
    page = await console.submit(f"/requests/{request.work_number}/reopen", text="Kaksi tuntia kirjoitettu")
    assert (page.status_code, "Kaksi tuntia kirjoitettu" in page.text) == (409, True)
    page = await console.open(f"/requests/{request.work_number}")
    assert "sisältö poistettiin" in page.text
    assert "Ratkaistu" in page.text
    assert "Meikäläinen" not in page.text
    assert "/reopen" not in page.text


async def test_a_personal_code_stays_covered_until_it_is_asked_for(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring, person={"first_name": EVIL})
    await register_tracked(sessions, keyring)
    await console.sign_in()
    for page in (
        await console.open("/"),
        await console.open("/?queue=laskut"),
        await console.submit("/search", words=HETU),
        await console.open(f"/requests/{request.work_number}"),
    ):
        assert page.status_code == 200
        assert HETU not in page.text
        assert HETU not in str(page.url)
        assert EVIL not in page.text
    assert "&lt;script&gt;" in console.page.text
    shown = await console.submit(f"/requests/{request.work_number}/reveal", reason="Soitto asiakkaalle")
    assert HETU in shown.text
    assert HETU not in (await console.open(f"/requests/{request.work_number}")).text


async def test_a_personal_code_in_a_name_or_an_address_is_covered_on_every_page(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    person = {"first_name": f"Matti {HETU}", "email": f"{HETU}@example.fi", "personal_identity_code": None}
    request = await register_tracked(sessions, keyring, person=person)
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set failed_at = now(), failure = '550'"))
        session.add(
            OwedMail(
                event_id="back",
                request_id=request.request_id,
                template="receipt",
                since=NOW,
                failed_at=NOW,
                returned_at=NOW,
            )
        )
    await console.sign_in()
    await console.open("/")
    for page in (
        await console.submit("/search", words="Meikäläinen"),
        await console.open("/failed-mails"),
        await console.open("/returned-mails"),
        await console.open(f"/requests/{request.work_number}"),
    ):
        assert "Meikäläinen" in page.text
        assert HETU.casefold() not in page.text.casefold()


async def test_a_note_with_a_personal_code_is_given_back(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    await register_tracked(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set failed_at = now()"))
    await console.sign_in()
    for path in ("/failed-mails", "/returned-mails"):
        async with sessions.begin() as session:
            returned = {"returned": path == "/returned-mails"}
            await session.execute(
                text("update owed_mails set returned_at = case when :returned then now() end"), returned
            )
        await console.open(path)
        form = next(form for form in console.forms() if form.action.endswith("/settle"))
        page = await console.post(form.action, **{**form.fields, "note": f"Soitin, {HETU}"})
        assert (page.status_code, "ätä henkilötunnus pois" in page.text, f"Soitin, {HETU}" in page.text) == (
            422,
            True,
            True,
        )


async def test_a_text_with_a_personal_code_is_given_back_and_not_sent(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    await console.sign_in(after=f"/requests/{request.work_number}")
    typed = f"Pitkä vastaus, tunnus {HETU} on kirjattu"
    refused = await console.submit(f"/requests/{request.work_number}/resolve", text=typed)
    assert (refused.status_code, typed in refused.text, "Jätä henkilötunnus pois" in refused.text) == (
        422,
        True,
        True,
    )
    async with sessions() as session:
        assert (await session.get_one(TrackedRequest, request.request_id)).state == "received"


async def test_each_page_that_shows_requests_is_recorded_and_revealing_needs_a_reason(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request, other = await register_tracked(sessions, keyring), await register_tracked(sessions, keyring)
    await console.sign_in(after="/ledger")
    await console.open("/alarm")
    await console.open("/")
    await console.submit("/search", words=HETU)
    await console.open(f"/requests/{request.work_number}")
    refused = await console.submit(f"/requests/{request.work_number}/reveal", reason=" ")
    assert (refused.status_code, HETU in refused.text, "katselulokiin" in refused.text) == (422, False, True)
    shown = await console.submit(
        f"/requests/{request.work_number}/reveal", reason=f"Soitti, antoi tunnuksen {HETU}"
    )
    assert (shown.status_code, HETU in shown.text) == (200, True)
    await console.open("/failed-mails")
    await console.open("/returned-mails")
    async with sessions() as session:
        reads = (await session.scalars(select(Read).order_by(col(Read.id)))).all()
    both, one = {request.request_id, other.request_id}, {request.request_id}
    expected = [
        ("list", both),
        ("search", both),
        ("opened", one),
        ("opened", one),
        ("revealed", one),
        ("failed-mails", set()),
        ("returned-mails", set()),
    ]
    assert [(read.purpose, set(read.request_ids)) for read in reads] == expected
    assert {(read.reader_kind, read.reader) for read in reads} == {("staff", "olli")}
    assert [read.reason for read in reads if read.reason] == ["Soitti, antoi tunnuksen ••••••-••••"]


async def test_people_are_found_by_name_mail_and_code(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    one, other = await register_tracked(sessions, keyring), await register_tracked(sessions, keyring)
    await console.sign_in()
    for words in ("Meikäläinen", "Matti Meikäläinen", "matti.meikalainen@example.fi", HETU):
        page = await console.submit("/search", words=words)
        assert one.work_number in page.text
        assert other.work_number in page.text
    assert (await console.submit("/search", words="Nobody")).text.count("/console/requests/") == 0


async def test_a_work_number_leads_straight_to_its_request(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    number = (await register_tracked(sessions, keyring)).work_number
    await console.sign_in()
    page = await console.submit("/search", words=f"{number[:3]} {number[3:6]} {number[6:]}")
    assert page.url.path == f"/console/requests/{number}"
    await console.open("/")
    wrong = await console.submit("/search", words=number[:8] + str((int(number[8]) + 1) % 10))
    assert (wrong.status_code, "jokin niistä on väärin" in wrong.text) == (422, True)


async def test_the_list_goes_on_to_the_oldest(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    numbers = {
        (await register_tracked(sessions, keyring, submitted_at=NOW - timedelta(minutes=n))).work_number
        for n in range(52)
    }
    await console.sign_in(after="/?queue=laskut")
    first = {number for number in numbers if number in console.page.text}
    address = (
        console.page.text.partition('rel="next" href="/console')[2].partition('"')[0].replace("&amp;", "&")
    )
    rest = {number for number in numbers if number in (await console.open(address)).text}
    assert (len(first), len(rest), first | rest) == (50, 2, numbers)


@pytest.mark.usefixtures("readers_caught_up")
async def test_the_front_page_says_first_whether_all_is_well(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    await console.sign_in()
    assert "Kaikki on kunnossa" in console.page.text
    late = await register_tracked(
        sessions, keyring, submitted_at=NOW - timedelta(hours=2), due_at=NOW - timedelta(hours=1)
    )
    page = await console.open("/")
    assert "1 pyyntö on myöhässä" in page.text
    assert "Myöhässä 1 h" in page.text
    await make_older(sessions, 61)
    await console.open("/ledger")
    assert "1 pyyntö on yli minuutin ilman vahvistusta" in (await console.open("/")).text
    await handle_outcomes(
        sessions, mail_outcome_event(MailSent, late.request_id, await event_id_of(sessions, late.request_id))
    )
    await console.open("/ledger")
    assert "ilman vahvistusta" not in (await console.open("/")).text


@pytest.mark.usefixtures("readers_caught_up")
async def test_the_ledger_page_names_each_request_that_is_overdue_and_the_alarms(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    page = await console.sign_in(after="/ledger")
    assert "Ei hälytyksiä kolmeen kuukauteen" in page.text
    assert "ajan tasalla" in page.text
    request = await register_tracked(sessions, keyring)
    await make_older(sessions, 61)
    await handle_outcomes(
        sessions,
        mail_outcome_event(
            MailDeferred,
            request.request_id,
            await event_id_of(sessions, request.request_id),
            codes="530 5.7.0",
        ),
    )

    async def alarmed() -> str:
        page = (await console.open("/ledger")).text
        assert "kestää" in page
        return page

    shown = await eventually(alarmed)
    assert f"/console/requests/{request.work_number}" in shown
    assert "Sähköposti jäi odottamaan: palvelin ei ottanut vielä vastaan (530 5.7.0)" in shown
    assert "yli minuutin ilman vahvistusta" in (await console.open("/failed-mails")).text
    assert "yli minuutin ilman" in (await console.client.get("/console/alarm")).json()["alarm"]


async def test_asking_for_alarms_needs_a_session_and_does_not_prolong_it(console: ConsoleClient) -> None:
    assert (await console.client.get("/console/alarm")).status_code == 303
    await console.sign_in()
    assert "Set-Cookie" not in (await console.client.get("/console/alarm")).headers


async def test_a_failed_mail_is_shown_and_an_alarm_until_it_went_after_all(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    cause = await event_id_of(sessions, request.request_id)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request.request_id, cause))
    async with sessions.begin() as session:
        await session.execute(
            text("update mail_outcomes set reply = :reply"), {"reply": f"550 no such user {EVIL}"}
        )
    await console.sign_in(after="/failed-mails")
    assert f"/console/requests/{request.work_number}" in console.page.text
    assert "550 no such user &lt;script&gt;" in console.page.text
    assert "1 sähköposti ei mennyt perille" in (await console.open("/")).text
    await handle_outcomes(sessions, mail_outcome_event(MailSent, request.request_id, cause))
    assert "Ei perille menemättömiä viestejä" in (await console.open("/failed-mails")).text
    shown = (await console.open(f"/requests/{request.work_number}")).text
    assert "Sähköposti ei mennyt perille: vahvistus" in shown
    assert "Sähköposti lähti: vahvistus" in shown


async def test_a_failed_mail_is_settled_for_good(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailFailed, request.request_id, await event_id_of(sessions, request.request_id)),
    )
    await console.sign_in(after="/failed-mails")
    # Without notifier's address nothing can be tried again from here.
    (form,) = [form for form in console.forms() if "/failed-mails/" in form.action]
    assert form.action.endswith("/settle")
    assert (await console.post(form.action, **{**form.fields, "note": " "})).status_code == 422
    assert (
        "Ei perille menemättömiä viestejä"
        in (await console.post(form.action, **{**form.fields, "note": "Soitin hänelle."})).text
    )
    assert (await console.post(form.action.replace("settle", "retry"), **form.fields)).status_code == 503
    async with sessions() as session:
        mail = (await session.scalars(select(OwedMail))).one()
        assert (mail.settled_by, mail.settled_note) == ("olli", "Soitin hänelle.")
    assert "Soitin hänelle." in (await console.open(f"/requests/{request.work_number}")).text


async def test_an_event_that_kafka_refused_is_sent_again_or_settled(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    await register_tracked(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large'"))
    await console.sign_in(after="/ledger")
    send_again, settle = [form for form in console.forms() if "/unsendable/" in form.action]
    assert "tapahtumaa ei voi julkaista" in console.page.text
    assert (await console.post(settle.action, **settle.fields)).status_code == 200
    assert (await console.post(send_again.action, **send_again.fields)).status_code == 404


@pytest.mark.parametrize(
    ("kind", "details", "line"),
    [
        ("mail.sent_again", {"template": "receipt", "sending": 2}, ">Vahvistus</p>"),
        ("mail.settled", {"template": "receipt", "sending": 1}, ">Vahvistus</p>"),
        (
            "mail.settled",
            {"template": "receipt", "sending": 1, "note": "Soitin"},
            ">Vahvistus: Soitin</p>",
        ),
        ("dead_letter.settled", {}, "Lukematta jäänyt sanoma selvitettiin"),
        ("dead_letter.settled", {"note": f"Soitin {HETU}"}, ">Soitin ••••••-••••</p>"),
    ],
)
async def test_the_timeline_shows_what_an_operator_did_with_a_note_or_without(
    console: ConsoleClient,
    sessions: Sessions,
    keyring: Keyring,
    kind: str,
    details: dict[str, str | int],
    line: str,
) -> None:
    request = await register_tracked(sessions, keyring)
    async with sessions.begin() as session:
        note_on_timeline(session, request.request_id, kind, By("staff", "olli"), **details)
    assert line in (await console.sign_in(after=f"/requests/{request.work_number}")).text


async def test_the_ledger_leads_to_the_returned_mails_that_nobody_settled(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    cause = await event_id_of(sessions, request.request_id)
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailSent, request.request_id, cause),
        mail_outcome_event(MailBounced, request.request_id, cause),
    )
    link = 'href="/console/returned-mails"'
    in_the_menu = (await console.sign_in(after="/ledger")).text.count(link)
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set returned_at = now() - interval '10 days'"))
    shown = (await console.open("/ledger")).text
    assert shown.count(link) == in_the_menu + 1
    assert "<td>osoitetta ei ole (5.1.1)</td>" in shown


async def test_a_returned_mail_is_shown_with_the_phone_number_and_is_settled_with_a_note(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request = await register_tracked(sessions, keyring)
    cause = await event_id_of(sessions, request.request_id)
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailSent, request.request_id, cause),
        mail_outcome_event(MailBounced, request.request_id, cause),
    )
    await console.sign_in(after="/returned-mails")
    assert "tel:+358401234567" in console.page.text
    assert "osoitetta ei ole (5.1.1)" in console.page.text
    assert "sähköposti ei mennyt perille" not in (await console.open("/")).text
    await console.open("/returned-mails")
    # Without notifier's address nothing can be sent again from here.
    (form,) = [form for form in console.forms() if "/returned-mails/" in form.action]
    assert form.action.endswith("/settle")
    refused = await console.post(form.action, **{**form.fields, "note": " "})
    assert (refused.status_code, "Kirjoita lyhyesti" in refused.text) == (422, True)
    assert (
        "Ei palautuneita viestejä"
        in (await console.post(form.action, **{**form.fields, "note": "Soitin & kerroin"})).text
    )
    shown = (await console.open(f"/requests/{request.work_number}")).text
    for line in (
        "Sähköposti palautui: vahvistus",
        "Osoitetta ei ole (5.1.1)",
        "Sähköpostin asia hoidettiin muuten",
        "Soitin &amp; kerroin",
    ):
        assert line in shown


async def test_a_dead_letter_is_shown_safely_and_goes_back_once(
    console: ConsoleClient, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(dead_letter(f"{EVIL} {HETU} \x00\x1b[2J \xff".encode("latin-1")))
    page = await console.sign_in(after="/dead-letters")
    assert "Lomake ei kelpaa (bad-form)" in page.text
    assert "&lt;script&gt;" in page.text
    assert "ce_type" in page.text
    assert "\\x1b[2J" in page.text
    assert EVIL not in page.text
    assert HETU not in page.text
    assert "1 lukematta jäänyt sanoma odottaa" in (await console.open("/failed-mails")).text
    await console.open("/dead-letters")
    (form,) = [form for form in console.forms() if form.action.endswith("/again")]
    back = await console.post(form.action, **form.fields)
    assert "Ei lukematta jääneitä sanomia" in back.text
    async with sessions() as session:
        assert (await session.get_one(DeadLetter, 1)).redriven_by == "olli"


async def test_a_dead_letter_that_is_not_needed_is_laid_aside_for_good(
    console: ConsoleClient, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(dead_letter(b"x"))
    await console.sign_in(after="/dead-letters")
    (form,) = [form for form in console.forms() if form.action.endswith("/settle")]
    assert "Ei lukematta jääneitä sanomia" in (await console.post(form.action, **form.fields)).text
    async with sessions() as session:
        assert (await session.get_one(DeadLetter, 1)).dismissed_by == "olli"


async def test_what_is_not_there_is_told_as_a_page(console: ConsoleClient) -> None:
    await console.sign_in()
    for path in (
        "/requests/00000000-0000-0000-0000-000000000000",
        "/requests/x",
        "/nothing",
        "/dead-letters?before=x",
        "/?state=x",
        "/?cursor=x",
    ):
        page = await console.open(path)
        assert 400 <= page.status_code < 500
        assert "<h1>" in page.text


async def test_a_form_that_is_sent_twice_is_done_once_and_answered_alike(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    await console.sign_in(after=f"/requests/{request_id}")
    form = next(form for form in console.forms() if "seen" in form.fields)
    answers = [
        await console.client.post(f"/console/requests/{request_id}/take", data=form.fields) for _ in range(2)
    ]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [
        (303, answers[0].headers["location"]),
        (303, answers[0].headers["location"]),
    ]
    other = await console.client.post(
        f"/console/requests/{request_id}/resolve", data={**form.fields, "text": "Valmis."}
    )
    assert (other.status_code, "Pyyntö on muuttunut" in other.text) == (409, True)


@pytest.mark.parametrize("action", ["settle", "send-again"])
async def test_a_second_click_on_what_kafka_refused_is_answered_as_the_first(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring, action: str
) -> None:
    await register_one(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large'"))
    await console.sign_in(after="/ledger")
    form = next(form for form in console.forms() if form.action.endswith(f"/{action}"))
    answers = [await console.client.post(form.action, data=form.fields) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [
        (303, "/console/ledger")
    ] * 2
