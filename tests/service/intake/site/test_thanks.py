"""The thank-you page promises what was asked for, and leads straight on to the request's state."""

import re
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest

from services.intake.submit.recent_requests import Progress
from shared.kafka.connection import KafkaConnection
from tests.infra.serving import free_socket, serving
from tests.service.intake.published_records import records_of
from tests.service.intake.running_intake import Running, make_settings, running_intake
from tests.service.intake.site.test_follow import EMAIL, NUMBER, STATUS, back_office, showing

FEEDBACK = {
    "first_name": "Aino",
    "last_name": "Koskimies",
    "email": EMAIL,
    "kind_of_feedback": "kiitos",
    "message": "Kiitos!",
}
NOBODYS = "018f3c1e-0000-7000-8000-000000000001"


async def send(intake: Running, form: dict[str, str]) -> str:
    """Send feedback; return the address of the thank-you page."""
    page = (await intake.client.get("/fi/pyynto/laheta-palautetta")).text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    assert not re.search(r'name="(personal_identity_code|phone)"', page)
    answer = await intake.client.post("/fi/pyynto/laheta-palautetta", data=form | {"token": token[1]})
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>([^<]+)', answer.text)
    return str(answer.headers["location"])


def number_it(intake: Running, thanks: str) -> None:
    now = datetime.now(timezone.utc)
    intake.intake.recent.note(
        UUID(thanks.rsplit("/", 1)[1]),
        Progress(NUMBER, "received", now, now + timedelta(days=2), "Lähetä palautetta"),
        now,
    )


@pytest.mark.parametrize(
    ("form", "promised"), [(FEEDBACK, False), (FEEDBACK | {"answer_wanted": "true"}, True)]
)
async def test_an_answer_is_promised_only_to_who_asked_for_one(
    intake: Running, kafka: KafkaConnection, form: dict[str, str], promised: bool
) -> None:
    thanks = await send(intake, form)
    assert ("Saat vastauksen sähköpostiisi" in (await intake.client.get(thanks)).text) == promised
    (record,) = await records_of(kafka, [thanks.rsplit("/", 1)[1]])
    assert (b'"answer_promised":true' in (record.value or b"")) == promised


async def test_the_number_is_to_be_kept_once_there_is_one(intake: Running) -> None:
    thanks = await send(intake, FEEDBACK)
    waiting = (await intake.client.get(thanks)).text
    assert "Säilytä työnumero" not in waiting
    assert "/seuranta" not in waiting
    number_it(intake, thanks)
    assert "Säilytä työnumero" in (await intake.client.get(thanks)).text


async def test_the_thank_you_page_leads_straight_to_the_state_of_what_was_sent(
    kafka: KafkaConnection, intake_database: str
) -> None:
    place, address = free_socket()
    settings = make_settings(kafka, intake_database, tracker_url=address, oidc_issuer=address)
    async with serving(back_office(), place), running_intake(settings) as intake:
        thanks = await send(intake, FEEDBACK)
        follow = f"{thanks}/seuranta"
        assert (await intake.client.get(follow)).headers["location"] == thanks
        number_it(intake, thanks)
        assert f'href="{follow}"' in (await intake.client.get(thanks)).text
        state = await intake.client.get(follow)
        assert state.status_code == 200
        assert "Odottaa sinua" in state.text
        # Nobody else gets there by the address.
        assert (await intake.client.get(f"/fi/kiitos/{NOBODYS}/seuranta")).headers["location"] == "/fi/seuraa"
        intake.client.cookies.clear()
        assert (await intake.client.get(follow)).headers["location"] == "/fi/seuraa"


async def test_while_it_waits_for_the_customer_no_day_is_promised_and_a_step_that_is_over_has_a_tick(
    kafka: KafkaConnection, intake_database: str
) -> None:
    resolved = {"state": "resolved", "occurred_at": "2026-11-25T07:41:00Z", "text": "Lasku on lähetetty."}
    for state, timeline in (
        ("waiting_for_customer", STATUS["timeline"]),
        ("in_progress", STATUS["timeline"]),
        ("resolved", [resolved]),
    ):
        async with showing(kafka, intake_database, STATUS | {"state": state, "timeline": timeline}) as page:
            assert ("torstaina 26.11." in page) == (state == "in_progress")
            assert ("Jatkamme, kun olet vastannut" in page) == (state == "waiting_for_customer")
            assert ('<li class="done">' in page, '<li class="now">' in page) == (
                state == "resolved",
                state != "resolved",
            )
