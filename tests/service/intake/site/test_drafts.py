"""Drafts.

What is typed comes back to the same browser, service and person until it is sent, and to nobody else.
"""

import html
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from services.intake.form.draft_store import DraftStore
from services.intake.submit.recent_requests import Progress
from shared.auth.session import CookieBox
from shared.database.engine import open_database
from shared.kafka.connection import KafkaConnection
from shared.settings import all_key_bytes
from shared.text.work_number import grouped
from tests.eventually import eventually
from tests.infra.embedded import free_ports
from tests.service.intake.published_records import records_of
from tests.service.intake.request_bodies import ANSWERS, PERSON
from tests.service.intake.running_intake import Running, make_settings, running_intake

CODE, STRONG = "pyyda-laskukopio", "tilaa-palkkatodistus"
TYPED = {"first_name": "Aino", "invoice_subject": "Päivähoitomaksu <b>huhtikuulta</b>"}
PAY = {"employer": "Mallilan kunta", "period_start": "1/2026"}
ANNA = {
    "given_name": "Anna",
    "family_name": "Testi",
    "personal_identity_code": "081181-9984",
    "authenticated_at": "2026-11-24T07:41:00Z",
}
VAINO = ANNA | {"given_name": "Väinö", "family_name": "Mäkelä", "personal_identity_code": "131052-308T"}
NUMBER = "482913053"


class Browser:
    """A browser with cookies of its own at the site."""

    def __init__(self, intake: Running) -> None:
        self._intake = intake
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(intake.app, raise_app_exceptions=False),
            base_url="http://intake.test",
        )

    def identify(self, facts: dict[str, str], age: int = 0, used: int | None = None) -> None:
        """Be somebody who identified `age` seconds ago and went on `used` seconds ago."""
        box = CookieBox(all_key_bytes(self._intake.app.state.site.settings.session_key), "asiointi")
        now = int(time.time())
        held = {"facts": facts, "since": now - age} | ({} if used is None else {"used": now - used})
        self.client.cookies.set("asiointi", box.seal({"identity": held}), domain="intake.test", path="/")

    async def page(self, code: str = CODE, language: str = "fi") -> str:
        """Open a form, in whatever tab."""
        answer = await self.client.get(f"/{language}/pyynto/{code}")
        assert answer.status_code == 200
        return answer.text

    async def send(
        self, code: str, form: dict[str, str], language: str = "fi", to: str = ""
    ) -> httpx.Response:
        """Post a form, or what stands beside it."""
        return await self.client.post(f"/{language}/pyynto/{code}{to}", data=form)

    async def keep(self, code: str, form: dict[str, str]) -> str:
        """Let the script keep what is typed; return the state that it is told."""
        answer = await self.send(code, form, to="/luonnos")
        assert answer.status_code == 200
        state: str = answer.json()["state"]
        return state


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" id="field-{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


async def whole_form(browser: Browser) -> dict[str, str]:
    return {"token": token_of(await browser.page()), **PERSON, **ANSWERS}


@pytest.fixture
async def browser(intake: Running) -> Browser:
    """Return a browser that is new here."""
    return Browser(intake)


async def test_what_is_kept_while_typing_comes_back_in_any_tab_and_language(browser: Browser) -> None:
    token = token_of(await browser.page())
    assert await browser.keep(CODE, TYPED | {"token": token}) == "kept"
    for language, said in (
        ("fi", "Jatkat siitä, mihin jäit."),
        ("sv", "Du fortsätter där du slutade."),
        ("en", "You are carrying on"),
    ):
        page = await browser.page(language=language)
        assert said in page
        assert value_of(page, "first_name") == "Aino"
        assert "Päivähoitomaksu &lt;b&gt;huhtikuulta&lt;/b&gt;" in page
        assert token_of(page) == token


async def test_another_browser_and_another_service_see_nothing_of_it(
    intake: Running, browser: Browser
) -> None:
    await browser.keep(CODE, TYPED | {"token": token_of(await browser.page())})
    for page in (
        await Browser(intake).page(),
        await browser.page("kysy-tai-ilmoita-laskuun-liittyen"),
        await browser.page("laheta-palautetta"),
    ):
        assert "Aino" not in page
        assert "Päivähoitomaksu" not in page


async def test_a_language_is_changed_without_script_and_nothing_is_lost(browser: Browser) -> None:
    page = await browser.page()
    assert 'formaction="/sv/pyynto/pyyda-laskukopio/luonnos" name="show" value="1" lang="sv"' in page
    answer = await browser.send(CODE, TYPED | {"token": token_of(page), "show": "1"}, "sv", "/luonnos")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sv/pyynto/pyyda-laskukopio")
    assert value_of(await browser.page(language="sv"), "first_name") == "Aino"


async def test_a_form_with_errors_has_an_address_of_its_own_and_says_them_in_every_language(
    browser: Browser,
) -> None:
    form = await whole_form(browser) | {"phone": "", "personal_identity_code": "131052308T"}
    answer = await browser.send(CODE, form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/fi/pyynto/pyyda-laskukopio")
    for language, said in (
        ("fi", "Tarkista 2 kohtaa"),
        ("sv", "Kontrollera 2 punkter"),
        ("en", "There are 2 problems"),
    ):
        page = await browser.page(language=language)
        assert said in page
        assert value_of(page, "personal_identity_code") == "131052308T"
    # One that is mended while it is typed is told no more, and the rest still is.
    assert await browser.keep(CODE, form | {"phone": PERSON["phone"], "tried": "1"}) == "kept"
    assert "Tarkista yksi kohta" in await browser.page()


async def test_a_draft_is_its_persons(browser: Browser) -> None:
    browser.identify(ANNA)
    await browser.keep(STRONG, PAY | {"token": token_of(await browser.page(STRONG))})
    browser.identify(VAINO)
    vainos = await browser.page(STRONG)
    assert "Mallilan kunta" not in vainos
    await browser.keep(STRONG, {"employer": "Toinen kunta", "token": token_of(vainos)})
    browser.identify(ANNA)
    assert value_of(await browser.page(STRONG), "employer") == "Mallilan kunta"
    assert "Mallilan" not in await browser.page()


async def test_what_is_sent_after_the_identification_expired_comes_back_when_its_person_identifies_again(
    browser: Browser,
) -> None:
    browser.identify(ANNA)
    token = token_of(await browser.page(STRONG))
    browser.identify(ANNA, age=30 * 60 + 1)
    answer = await browser.send(STRONG, PAY | {"token": token})
    assert answer.status_code == 403
    assert "Mallilan kunta" in answer.text
    assert (await browser.client.get(f"/fi/pyynto/{STRONG}")).status_code == 303, "to the bank"
    browser.identify(VAINO)
    assert "Mallilan" not in await browser.page(STRONG)
    browser.identify(ANNA)
    assert value_of(await browser.page(STRONG), "employer") == "Mallilan kunta"


async def test_what_is_sent_while_somebody_else_is_identified_comes_back_to_whose_it_is(
    browser: Browser,
) -> None:
    browser.identify(ANNA)
    token = token_of(await browser.page(STRONG))
    browser.identify(VAINO)
    assert (await browser.send(STRONG, PAY | {"token": token})).status_code == 403
    assert "Mallilan" not in await browser.page(STRONG)
    browser.identify(ANNA)
    assert value_of(await browser.page(STRONG), "employer") == "Mallilan kunta"


async def test_what_is_typed_into_a_form_of_anna_never_comes_into_one_of_vaino(browser: Browser) -> None:
    browser.identify(ANNA)
    token = token_of(await browser.page(STRONG))
    browser.identify(VAINO)
    for way in ({"to": "/uusi"}, {"to": "/luonnos"}):
        answer = await browser.send(STRONG, PAY | {"token": token, "show": "1"}, **way)
        assert answer.status_code == (303 if way["to"] == "/uusi" else 403)
        assert "Väinö" not in answer.text
        page = await browser.page(STRONG)
        assert "Väinö" in page
        assert "Mallilan" not in page
    browser.identify(ANNA)
    assert value_of(await browser.page(STRONG), "employer") == "Mallilan kunta"


async def test_sending_the_form_of_one_tab_leaves_what_is_typed_in_another(browser: Browser) -> None:
    form, other = await whole_form(browser), TYPED | {"token": token_of(await browser.page())}
    assert other["token"] != form["token"]
    assert await browser.keep(CODE, other) == "kept"
    assert (await browser.send(CODE, form)).status_code == 303
    page = await browser.page()
    assert (value_of(page, "first_name"), token_of(page)) == (TYPED["first_name"], other["token"])
    # The last letters of the form that was sent arrive late.
    await browser.keep(CODE, form)
    assert token_of(await browser.page()) == other["token"]


async def test_once_sent_the_form_says_so_with_its_number_and_a_new_one_must_be_asked_for(
    intake: Running, browser: Browser
) -> None:
    form = await whole_form(browser)
    await browser.keep(CODE, form)
    request_id = (await browser.send(CODE, form)).headers["location"].rsplit("/", 1)[1]
    page = await browser.page()
    assert "Lähetit tämän lomakkeen jo" in page
    assert "Työnumero tulee sähköpostiisi." in page
    assert not any(value in page for value in PERSON.values())
    now = datetime.now(UTC)
    intake.intake.recent.note(
        UUID(request_id), Progress(NUMBER, "received", now, now, "Pyydä laskukopio"), now
    )
    assert grouped(NUMBER) in await browser.page(language="sv")
    # The last letters of the page that was sent arrive late.
    assert await browser.keep(CODE, form) == "sent"
    assert "Lähetit tämän lomakkeen jo" in await browser.page()
    assert (await browser.send(CODE, {}, to="/uusi")).headers["location"] == "/fi/pyynto/pyyda-laskukopio"
    page = await browser.page()
    assert value_of(page, "first_name") == ""
    assert token_of(page) != form["token"]


async def test_the_form_of_another_tab_sends_the_same_request(
    kafka: KafkaConnection, browser: Browser
) -> None:
    form = await whole_form(browser)
    await browser.keep(CODE, form)
    other = form | {"token": token_of(await browser.page())}
    first, second = await browser.send(CODE, form), await browser.send(CODE, other)
    assert first.headers["location"] == second.headers["location"]
    assert len(await records_of(kafka, [first.headers["location"].rsplit("/", 1)[1]])) == 1


async def test_what_was_changed_after_it_was_sent_goes_into_a_new_form(browser: Browser) -> None:
    form = await whole_form(browser)
    first = await browser.send(CODE, form)
    changed = form | {"invoice_subject": "Toinen lasku"}
    conflict = await browser.send(CODE, changed)
    assert conflict.status_code == 409
    assert 'formaction="/fi/pyynto/pyyda-laskukopio/uusi"' in conflict.text
    assert (await browser.send(CODE, changed, to="/uusi")).status_code == 303
    page = await browser.page()
    assert "Toinen lasku" in page
    second = await browser.send(CODE, changed | {"token": token_of(page)})
    assert second.status_code == 303
    assert second.headers["location"] != first.headers["location"]


async def test_starting_again_empties_the_form(browser: Browser) -> None:
    await browser.keep(CODE, TYPED | {"token": token_of(await browser.page())})
    await browser.send(CODE, {}, to="/uusi")
    assert "Aino" not in await browser.page()


async def test_ending_the_visit_takes_the_drafts_along(browser: Browser) -> None:
    browser.identify(ANNA)
    token = token_of(await browser.page(STRONG))
    await browser.keep(STRONG, PAY | {"token": token})
    await browser.client.post("/fi/lopeta")
    assert not browser.client.cookies.get("asiointi-draft")
    assert await browser.keep(STRONG, PAY | {"token": token}) == "ended"
    browser.identify(ANNA)
    assert "Mallilan" not in await browser.page(STRONG)


async def test_a_copied_cookie_opens_no_draft_after_the_visit_has_ended(
    intake: Running, intake_database: str, browser: Browser
) -> None:
    await browser.keep(CODE, TYPED | {"token": token_of(await browser.page())})
    browser.identify(ANNA, age=31 * 60)
    await browser.keep(
        "laheta-palautetta",
        {"feedback": "Kiitos", "token": token_of(await browser.page("laheta-palautetta"))},
    )
    browser.identify(ANNA)
    await browser.keep(STRONG, PAY | {"token": token_of(await browser.page(STRONG))})
    other = Browser(intake)
    await other.keep(CODE, TYPED | {"token": token_of(await other.page())})
    copied = dict(browser.client.cookies)
    assert (await browser.client.post("/fi/lopeta")).status_code == 303
    browser.client.cookies = httpx.Cookies(copied)
    browser.identify(ANNA)
    assert "Aino" not in await browser.page()
    assert "Mallilan" not in await browser.page(STRONG)
    assert value_of(await other.page(), "first_name") == "Aino"
    database = await asyncpg.connect(intake_database)
    assert await database.fetchval("select count(*) from drafts") == 1, "the other browser's"
    await database.close()


async def test_with_the_database_away_the_visit_ends_all_the_same(intake: Running, browser: Browser) -> None:
    await browser.keep(CODE, TYPED | {"token": token_of(await browser.page())})
    async with open_database("postgresql://intake:x@127.0.0.1:9/intake") as nobody:
        intake.app.state.resources = replace(intake.app.state.resources, drafts=DraftStore(nobody))
        answer = await browser.client.post("/fi/lopeta")
    assert (answer.status_code, answer.headers["location"]) == (303, "/fi/lopetettu")
    assert not browser.client.cookies.get("asiointi-draft")


@pytest.mark.parametrize(
    ("language", "said", "afterwards"),
    [
        ("fi", "Lomaketta ei ole lähetetty", "lähettämättä jääneet lomakkeet on poistettu"),
        ("sv", "Blanketten har inte skickats", "blanketter som inte skickades har raderats"),
        ("en", "Your form has not been sent", "any forms that you did not send, have been removed"),
    ],
)
async def test_before_a_visit_ends_the_page_says_that_what_is_typed_is_lost(
    browser: Browser, language: str, said: str, afterwards: str
) -> None:
    browser.identify(ANNA)
    page = await browser.page(STRONG, language)
    assert f'form="request-form" formaction="/{language}/pyynto/{STRONG}/lopeta"' in page
    typed = {**PAY, "token": token_of(page), "employer": 'Mallilan "kunta"'}
    asked = await browser.send(STRONG, typed, language, "/lopeta")
    assert asked.status_code == 200
    assert f"<h1>{said}</h1>" in asked.text
    assert browser.client.cookies.get("asiointi")
    assert f'<form id="end-visit" method="post" action="/{language}/lopeta">' in asked.text
    carried = {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text)
    }
    assert carried == typed
    await browser.send(STRONG, carried | {"show": "1"}, language, "/luonnos")
    assert value_of(await browser.page(STRONG, language), "employer") == "Mallilan &#34;kunta&#34;"
    ended = await browser.client.post(f"/{language}/lopeta")
    assert afterwards in (await browser.client.get(ended.headers["location"])).text


async def test_a_visit_with_nothing_typed_ends_at_once(browser: Browser) -> None:
    browser.identify(ANNA)
    empty = dict.fromkeys(PAY, "") | {"token": token_of(await browser.page(STRONG))}
    assert (await browser.send(STRONG, empty, to="/lopeta")).headers["location"] == "/fi/lopetettu"
    assert not browser.client.cookies.get("asiointi-draft")


async def test_another_site_asks_nobody_whether_to_end_a_visit(browser: Browser) -> None:
    browser.identify(ANNA)
    form = PAY | {"token": token_of(await browser.page(STRONG))}
    answer = await browser.client.post(
        f"/fi/pyynto/{STRONG}/lopeta", data=form, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fi", "valitset Lopeta asiointi, jotta"),
        ("sv", "väljer Avsluta, så att"),
        ("en", "choose End your visit, so that"),
    ],
)
async def test_the_privacy_page_says_that_ending_a_visit_removes_an_unfinished_form(
    browser: Browser, language: str, said: str
) -> None:
    assert said in (await browser.client.get(f"/{language}/tietosuoja")).text


async def test_the_store_alone_tells_nothing(intake_database: str, browser: Browser) -> None:
    await browser.keep(CODE, TYPED | PERSON | {"token": token_of(await browser.page())})
    database = await asyncpg.connect(intake_database)
    try:
        rows = await database.fetch("select * from drafts")
        assert len(rows) == 1
        stored = b"".join(value for value in rows[0].values() if isinstance(value, bytes))
        secret = (browser.client.cookies.get("asiointi-draft") or "").encode()
        assert not any(text.encode() in stored for text in (*TYPED.values(), *PERSON.values(), CODE))
        assert secret
        assert secret not in stored
    finally:
        await database.close()


async def test_a_draft_is_kept_for_a_day_and_then_removed(
    intake: Running, intake_database: str, browser: Browser
) -> None:
    await browser.keep(CODE, TYPED | {"token": token_of(await browser.page())})
    database = await asyncpg.connect(intake_database)
    try:
        until = await database.fetchval("select until from drafts")
        assert abs(until - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=1)
        await database.execute("update drafts set until = now() - interval '1 second'")
        assert "Aino" not in await browser.page()
        async with running_intake(intake.app.state.site.settings):
            await eventually(lambda: _is_empty(database))
    finally:
        await database.close()


async def _is_empty(database: asyncpg.Connection) -> bool:
    return bool(await database.fetchval("select count(*) = 0 from drafts"))


async def test_without_the_store_everything_goes_on_as_before_drafts(kafka: KafkaConnection) -> None:
    (port,) = free_ports(1)
    away = make_settings(
        kafka, "postgresql://x", database_url=SecretStr(f"postgresql://nobody:x@127.0.0.1:{port}/nobody")
    )
    async with running_intake(away) as intake:
        browser = Browser(intake)
        form = await whole_form(browser)
        assert await browser.keep(CODE, form) == "away"
        wrong = await browser.send(CODE, form | {"phone": ""})
        assert wrong.status_code == 422
        assert value_of(wrong.text, "first_name") == "Aino"
        swedish = await browser.send(CODE, form | {"show": "1"}, "sv", "/luonnos")
        assert swedish.status_code == 200
        assert '<html lang="sv">' in swedish.text
        assert value_of(swedish.text, "first_name") == "Aino"
        assert token_of(swedish.text) == form["token"]
        assert (await browser.send(CODE, form)).status_code == 303
        conflict = form | {"invoice_subject": "Toinen lasku"}
        fresh = await browser.send(CODE, conflict, to="/uusi")
        assert fresh.status_code == 200
        assert "Toinen lasku" in fresh.text
        assert token_of(fresh.text) != form["token"]


async def test_without_cookies_a_form_with_errors_comes_back_at_once(browser: Browser) -> None:
    form = await whole_form(browser)
    browser.client.cookies.clear()
    wrong = await browser.send(CODE, form | {"phone": ""})
    assert wrong.status_code == 422
    assert value_of(wrong.text, "first_name") == "Aino"


async def test_nothing_is_stored_for_a_browser_that_does_not_send_its_cookie_and_nothing_is_lost(
    intake_database: str, browser: Browser
) -> None:
    form = await whole_form(browser)
    pages = []
    for to, language, typed in (
        ("", "fi", {"phone": ""}),
        ("/luonnos", "sv", {"show": "1"}),
        ("/uusi", "fi", {}),
    ):
        browser.client.cookies.clear()
        assert await browser.keep(CODE, form) == "away"
        browser.client.cookies.clear()
        pages.append((await browser.send(CODE, form | typed, language, to)).text)
    assert [value_of(page, "first_name") for page in pages] == ["Aino"] * 3
    browser.client.cookies.clear()
    assert (await browser.send(CODE, form)).status_code == 303
    database = await asyncpg.connect(intake_database)
    try:
        assert await _is_empty(database)
    finally:
        await database.close()


@pytest.mark.parametrize("to", ["/luonnos", "/uusi"])
async def test_another_site_keeps_and_forgets_nothing(browser: Browser, to: str) -> None:
    form = await whole_form(browser)
    await browser.keep(CODE, form)
    answer = await browser.client.post(
        f"/fi/pyynto/{CODE}{to}", data=form | {"first_name": "Eve"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert value_of(await browser.page(), "first_name") == "Aino"


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "é" * 43, "A" * 44, "=" * 43, "A" * 5_000])
async def test_a_cookie_that_is_none_of_ours_is_replaced(browser: Browser, cookie: str) -> None:
    answer = await browser.client.get(
        f"/fi/pyynto/{CODE}", headers={b"Cookie": f"asiointi-draft={cookie}".encode()}
    )
    assert answer.status_code == 200
    assert re.search(
        r"asiointi-draft=[A-Za-z0-9_-]{43}; HttpOnly; Max-Age=86400; Path=/; SameSite=lax",
        answer.headers["set-cookie"],
    )


async def test_typing_lets_an_identification_go_on_but_not_for_ever(browser: Browser) -> None:
    for age, used, longest in (
        (25 * 60, None, 30 * 60),
        (3 * 3600, 29 * 60, 30 * 60),
        (4 * 3600 - 60, 29 * 60, 60),
    ):
        browser.identify(ANNA, age=age, used=used)
        form = PAY | {"token": token_of(await browser.page(STRONG))}
        until = (await browser.send(STRONG, form, to="/luonnos")).json()["until"]
        assert until - time.time() == pytest.approx(longest, abs=5), age
        assert f'data-until="{until}"' in await browser.page(STRONG)
    browser.identify(ANNA, age=4 * 3600 + 1, used=60)
    assert (await browser.client.get(f"/fi/pyynto/{STRONG}")).status_code == 303


async def test_the_form_of_somebody_else_lets_no_identification_go_on(browser: Browser) -> None:
    browser.identify(ANNA)
    annas = PAY | {"token": token_of(await browser.page(STRONG))}
    browser.identify(VAINO, age=29 * 60)
    until = (await browser.send(STRONG, annas, to="/luonnos")).json()["until"]
    assert until - time.time() < 70


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (2_000, ""),
        (2_001, "Lyhennä: yksi merkki liikaa"),
        (2_520, "Lyhennä: 520 merkkiä liikaa"),
        (40_000, "Lyhennä: 38000 "),
    ],
)
async def test_too_long_a_paste_is_kept_whole_and_told_by_how_much(
    browser: Browser, length: int, said: str
) -> None:
    form = await whole_form(browser) | {"further_information": "ä" * length, "phone": ""}
    assert "maxlength" not in await browser.page()
    await browser.send(CODE, form)
    page = await browser.page()
    assert "ä" * length + "</textarea>" in page
    words = re.sub("<[^>]+>", "", page)
    assert said in words
    assert ("Lyhennä" in words) == bool(said)
