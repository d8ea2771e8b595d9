"""The form: what is typed stays, what the bank told cannot be changed, and one sending is one request."""

import json
import re
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest

from services.intake.submit.recent_requests import Progress
from shared.auth.session import CookieBox
from shared.kafka.connection import KafkaConnection
from shared.settings import all_key_bytes
from shared.text.work_number import grouped
from tests.service.intake.published_records import records_of
from tests.service.intake.request_bodies import ANSWERS, PERSON
from tests.service.intake.running_intake import Running, make_settings, running_intake

FORM = "/fi/pyynto/pyyda-laskukopio"
STRONG = "/fi/pyynto/tilaa-palkkatodistus"
IDENTITY = {
    "given_name": "Anna",
    "family_name": "Testi",
    "personal_identity_code": "081181-9984",
    "authenticated_at": "2026-11-24T07:41:00Z",
}
PAY = {
    "employer": "Mallilan kunta",
    "period_start": "1/2026",
    "period_end": "2/2026",
    "delivery": "kirje",
    "email": PERSON["email"],
    "phone": PERSON["phone"],
}


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def identified(intake: Running, age: int = 0, facts: dict[str, str] | None = None) -> dict[str, str]:
    """Return the cookie of somebody who identified some seconds ago: of Anna, but for `facts`."""
    box = CookieBox(all_key_bytes(intake.app.state.site.settings.session_key), "asiointi")
    return {
        "Cookie": "asiointi="
        + box.seal({"identity": {"facts": IDENTITY | (facts or {}), "since": int(time.time()) - age}})
    }


async def fresh_form(intake: Running, **changes: str) -> dict[str, str]:
    """Fill in a form in a browser that has not been here before."""
    intake.client.cookies.clear()
    return {"token": token_of((await intake.client.get(FORM)).text), **PERSON, **ANSWERS, **changes}


async def send(intake: Running, form: dict[str, str], address: str = FORM, **headers: str) -> httpx.Response:
    return await intake.client.post(address, data=form, headers=headers)


async def send_wrongly(intake: Running, form: dict[str, str], address: str = FORM, **headers: str) -> str:
    """Send a form with errors; return the page that says so."""
    answer = await send(intake, form, address, **headers)
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    return (await intake.client.get(address, headers=headers)).text


async def test_a_sent_form_leads_to_the_thank_you_page_with_the_address_it_was_sent_to(
    intake: Running, kafka: KafkaConnection
) -> None:
    answer = await send(intake, await fresh_form(intake))
    assert answer.status_code == 303
    request_id = answer.headers["location"].removeprefix("/fi/kiitos/")
    assert len(await records_of(kafka, [request_id])) == 1
    page = await intake.client.get(answer.headers["location"])
    assert page.status_code == 200
    assert f"Lähetämme vahvistuksen osoitteeseen {PERSON['email']}." in page.text
    assert "Työnumero ilmestyy tähän hetken kuluttua." in page.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text


async def test_the_address_is_shown_only_to_the_browser_that_sent_the_form(intake: Running) -> None:
    thanks = (await send(intake, await fresh_form(intake))).headers["location"]
    intake.client.cookies.clear()
    page = await intake.client.get(thanks)
    assert page.status_code == 200
    assert PERSON["email"] not in page.text


async def test_the_same_form_sent_again_leads_to_the_same_page(
    intake: Running, kafka: KafkaConnection
) -> None:
    form = await fresh_form(intake)
    first, second = await send(intake, form), await send(intake, form)
    assert first.headers["location"] == second.headers["location"]
    assert len(await records_of(kafka, [first.headers["location"].rsplit("/", 1)[1]])) == 1


async def test_the_same_form_changed_and_sent_again_is_told_as_sent_already(intake: Running) -> None:
    form = await fresh_form(intake)
    await send(intake, form)
    answer = await send(intake, form | {"first_name": "Eino"})
    assert answer.status_code == 409
    assert "Lähetit tämän lomakkeen jo" in answer.text
    assert 'value="Eino"' in answer.text


async def test_what_is_wrong_is_told_at_its_field_and_in_a_summary_and_everything_typed_stays(
    intake: Running,
) -> None:
    form = await fresh_form(
        intake, personal_identity_code="131052308T", phone="", further_information="<b>Kiitos</b> & hei"
    )
    page = await send_wrongly(intake, form)
    assert "<title>Virhe: Pyydä laskukopio" in page
    assert "Tarkista 2 kohtaa" in page
    assert '<a href="#field-personal_identity_code">Kirjoita henkilötunnukseen viiva' in page
    assert re.search(
        r'<input[^>]* id="field-personal_identity_code" value="131052308T"[^>]*'
        r' aria-describedby="[^"]*-error"[^>]* aria-invalid="true"',
        page,
    )
    assert f'value="{PERSON["email"]}"' in page
    assert "&lt;b&gt;Kiitos&lt;/b&gt; &amp; hei</textarea>" in page
    assert re.search(r'value="kirje" checked', page)
    assert token_of(page) == form["token"]


async def test_errors_come_in_the_language_of_the_page(intake: Running) -> None:
    page = await send_wrongly(intake, await fresh_form(intake, email="anna"), "/en/pyynto/pyyda-laskukopio")
    assert "There is 1 problem" in page


async def test_with_kafka_and_the_spool_away_the_form_comes_back_whole() -> None:
    away = make_settings(
        KafkaConnection("127.0.0.1:9"), "postgresql://intake:x@127.0.0.1:9/intake", kafka_deadline_seconds=0.2
    )
    async with running_intake(away) as intake:
        form = await fresh_form(intake)
        answer = await send(intake, form)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "Pyyntöä ei voitu lähettää juuri nyt" in answer.text
    assert all(f'value="{value}"' in answer.text for value in PERSON.values())
    assert token_of(answer.text) == form["token"]


async def test_whoever_fills_in_what_nobody_sees_is_told_so_and_loses_nothing(intake: Running) -> None:
    form = await fresh_form(intake)
    empty = (await intake.client.get(FORM)).text
    assert '<div class="unseen" aria-hidden="true"><label for="homepage">' in empty
    answer = await send(intake, form | {"homepage": "https://spam.example"})
    assert answer.status_code == 422
    assert "Jätä kenttä ”Kotisivu” tyhjäksi" in answer.text
    assert "spam.example" not in answer.text
    assert f'value="{PERSON["email"]}"' in answer.text
    shown = re.search(r'<input[^>]*name="homepage"[^>]*>', answer.text)
    assert shown
    assert "tabindex" not in shown[0], "who sees it can mend it"
    assert (await send(intake, form | {"homepage": " "})).status_code == 303


async def test_a_form_from_another_site_is_refused(intake: Running) -> None:
    answer = await send(intake, await fresh_form(intake), **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


async def test_a_strong_service_leads_to_identification_first(intake: Running) -> None:
    answer = await intake.client.get(STRONG)
    assert (answer.status_code, answer.headers["location"]) == (303, "/fi/tunnistaudu/tilaa-palkkatodistus")


@pytest.mark.parametrize("age", [None, 30 * 60 + 1])
async def test_a_strong_form_without_a_valid_identity_is_not_accepted_and_keeps_what_was_typed(
    intake: Running, age: int | None
) -> None:
    cookie = {} if age is None else identified(intake, age)
    answer = await send(intake, PERSON | PAY, STRONG, **cookie)
    assert answer.status_code == 403
    assert "Tunnistautumisesi vanheni" in answer.text
    assert 'value="Mallilan kunta"' in answer.text
    assert '/fi/tunnistaudu/tilaa-palkkatodistus" target="_blank"' in answer.text


async def test_what_the_bank_told_is_shown_locked_and_masked(intake: Running) -> None:
    page = (await intake.client.get(STRONG, headers=identified(intake))).text
    assert "Nämä tiedot tulivat pankistasi, eikä niitä voi muuttaa." in page
    assert all(text in page for text in ("<dd>Anna</dd>", "<dd>Testi</dd>", "081181-••••"))
    assert "9984" not in page
    assert not re.search(r'name="(first_name|last_name|personal_identity_code)"', page)


async def test_what_the_bank_told_wins_over_what_is_posted(intake: Running) -> None:
    page = (await intake.client.get(STRONG, headers=identified(intake))).text
    choices = dict(reversed(re.findall(r'type="radio" name="([a-z_]+)"[^>]* value="([^"]+)"', page)))
    form = (
        PAY
        | choices
        | {"token": token_of(page), "first_name": "Eino", "personal_identity_code": "131052-308T"}
    )
    answer = await send(intake, form, STRONG, **identified(intake))
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>([^<]+)', answer.text)


VAINO = {"given_name": "Väinö", "family_name": "Mäkelä", "personal_identity_code": "131052-308T"}


async def strong_form(intake: Running, address: str = STRONG, **cookie: str) -> dict[str, str]:
    page = (await intake.client.get(address, headers=cookie)).text
    return PAY | {"purpose": "pankki", "token": token_of(page)}


async def test_a_form_shown_as_annas_is_sent_as_annas_or_not_at_all(intake: Running) -> None:
    annas = await strong_form(intake, **identified(intake))
    answer = await send(intake, annas, STRONG, **identified(intake, facts=VAINO))
    assert answer.status_code == 403
    assert "Tämä lomake avattiin toiselle henkilölle" in answer.text
    assert 'value="Mallilan kunta"' in answer.text
    assert not any(told in answer.text for told in ("Väinö", "131052", "081181"))
    assert not re.search(r'name="(first_name|last_name|personal_identity_code)"', answer.text)
    # The page is still Anna's: pressed again it is refused again, and Anna can send it from here.
    again = annas | {"token": token_of(answer.text)}
    assert (await send(intake, again, STRONG, **identified(intake, facts=VAINO))).status_code == 403
    assert (
        await send(intake, again, STRONG, **identified(intake, facts={"bank": "Another bank"}))
    ).status_code == 303


async def test_a_form_that_does_not_say_whose_it_is_is_nobodys(intake: Running) -> None:
    annas = await strong_form(intake, **identified(intake))
    elsewhere = await strong_form(intake, "/fi/pyynto/vuosiloma-asiat", **identified(intake))
    changed = ("A" if annas["token"][-5] != "A" else "B").join((annas["token"][:-5], annas["token"][-4:]))
    plain = (await fresh_form(intake))["token"]
    for token in (
        "",
        "x",
        "made-up-by-somebody-else",
        "é" * 30,
        elsewhere["token"],
        changed,
        plain,
        annas["token"] + "AAAA",
    ):
        answer = await send(intake, annas | {"token": token}, STRONG, **identified(intake))
        assert answer.status_code == 403, token
        assert 'value="Mallilan kunta"' in answer.text
        again = await send(intake, annas | {"token": token_of(answer.text)}, STRONG, **identified(intake))
        assert again.status_code == 403, token


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fi", "Tämä lomake avattiin toiselle henkilölle"),
        ("sv", "Den här blanketten öppnades för någon annan"),
        ("en", "This form was opened for another person"),
    ],
)
async def test_whose_form_it_is_is_told_in_the_pages_language_with_both_ways_on(
    intake: Running, language: str, said: str
) -> None:
    annas = await strong_form(intake, **identified(intake))
    answer = await send(
        intake, annas, f"/{language}/pyynto/tilaa-palkkatodistus", **identified(intake, facts=VAINO)
    )
    assert said in answer.text
    assert f'href="/{language}/tunnistaudu/tilaa-palkkatodistus" target="_blank"' in answer.text
    assert f'href="/{language}/pyynto/tilaa-palkkatodistus"' in answer.text


async def test_what_the_bank_tells_is_not_asked_when_the_identification_has_expired(intake: Running) -> None:
    annas = await strong_form(intake, **identified(intake))
    answer = await send(intake, annas, STRONG, **identified(intake, age=30 * 60 + 1))
    assert answer.status_code == 403
    assert not re.search(r'name="(first_name|last_name|personal_identity_code)"', answer.text)
    assert (
        await send(intake, annas | {"token": token_of(answer.text)}, STRONG, **identified(intake))
    ).status_code == 303


async def test_ending_the_visit_forgets_who_identified(intake: Running) -> None:
    answer = await intake.client.post("/fi/lopeta", headers=identified(intake))
    assert (answer.status_code, answer.headers["location"]) == (303, "/fi/lopetettu")
    assert "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("page", "said", "sender"),
    [
        ("/fi/lopeta", "Asiointia ei lopetettu", {"Sec-Fetch-Site": "cross-site"}),
        (
            "/sv/lopeta",
            "Ditt besök avslutades inte",
            {"Sec-Fetch-Site": "same-site", "Origin": "http://intake.test"},
        ),
        ("/en/lopeta", "Your visit was not ended", {"Origin": "http://evil.example"}),
        ("/fi/lopeta", "Asiointia ei lopetettu", {"Origin": "null"}),
    ],
)
async def test_another_site_ends_nobodys_visit(
    intake: Running, page: str, said: str, sender: dict[str, str]
) -> None:
    answer = await intake.client.post(page, headers=identified(intake) | sender)
    assert answer.status_code == 403
    assert f"<h1>{said}</h1>" in answer.text
    assert "Max-Age=0" not in answer.headers.get("set-cookie", "")


async def test_a_browser_that_tells_only_the_origin_ends_its_visit_and_sends_its_form(
    intake: Running,
) -> None:
    ours = {"Origin": "http://intake.test"}
    assert (await intake.client.post("/fi/lopeta", headers=identified(intake) | ours)).status_code == 303
    assert (await send(intake, await fresh_form(intake), **ours)).status_code == 303
    assert (await send(intake, await fresh_form(intake), Origin="http://evil.example")).status_code == 403


@pytest.fixture
async def thanks(intake: Running) -> str:
    """Return the address of the thank-you page of a request that was just sent."""
    return str((await send(intake, await fresh_form(intake))).headers["location"])


def register(intake: Running, thanks: str) -> None:
    """Let the lifecycle tell the number."""
    now = datetime(2026, 11, 24, 7, 41, tzinfo=timezone.utc)
    progress = Progress("482913053", "received", now, now + timedelta(days=2), "Pyydä laskukopio")
    intake.intake.recent.note(UUID(thanks.rsplit("/", 1)[1]), progress, now)


async def test_the_number_appears_by_itself_as_an_event_and_on_the_page(intake: Running, thanks: str) -> None:
    register(intake, thanks)
    events = (await intake.client.get(f"{thanks}/tapahtumat")).text
    assert "event: number" in events
    assert json.loads(events.partition("data: ")[2].splitlines()[0]) == {
        "announcement": f"Työnumerosi on {grouped('482913053')}"
    }
    page = (await intake.client.get(thanks)).text
    assert '<strong class="number">' + grouped("482913053") in page
    assert "24.11.2026 klo 9.41" in page
    assert "Käsittelemme pyynnön viimeistään <strong>torstaina 26.11.</strong>" in page
    assert "refresh" not in page


async def test_a_number_that_is_late_is_told_plainly(
    intake: Running, thanks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.site.thanks.LATE_SECONDS", -1)
    monkeypatch.setattr("services.intake.site.thanks.STREAM_SECONDS", 0.01)
    page = (await intake.client.get(thanks)).text
    assert "Sinun ei tarvitse lähettää pyyntöä uudelleen" in page
    assert "event: late" in (await intake.client.get(f"{thanks}/tapahtumat")).text


async def test_a_request_that_nobody_knows_is_not_thanked_for(intake: Running) -> None:
    answer = await intake.client.get("/fi/kiitos/018f3c1e-0000-7000-8000-000000000000")
    assert answer.status_code == 404
    assert "Emme löydä tätä pyyntöä" in answer.text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1"])
async def test_letters_come_through_whatever_encoding_the_form_was_posted_in(
    intake: Running, encoding: str
) -> None:
    form = await fresh_form(intake, first_name="Väinö", email="none")
    body = urlencode(form, encoding=encoding)
    answer = await intake.client.post(
        FORM, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    page = answer.text if answer.status_code == 422 else (await intake.client.get(FORM)).text
    assert 'value="Väinö"' in page
    assert "\ufffd" not in page


async def test_a_form_of_too_many_fields_is_refused(intake: Running) -> None:
    assert (await send(intake, {f"f{number}": "x" for number in range(200)})).status_code == 400
