"""What intake asks of identity and tracker, and what it makes of their answers."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from services.intake.form.load_catalogue import load_catalogue
from services.intake.status.tracker_client import TrackerAway, UnknownRequest
from services.tracker.personal_data.submitted_form import read_form
from shared.events.envelope import decode
from shared.events.request_submitted import RequestSubmitted
from shared.kafka.connection import KafkaConnection
from shared.limits.limit import TooMany
from shared.text.work_number import InvalidWorkNumber
from tests.infra.serving import free_socket, serving
from tests.service.intake.back_channel import CITIZEN, HETU, STATUS, BackChannel
from tests.service.intake.published_records import records_of
from tests.service.intake.running_intake import NOTIFIER, TRACKER, Running, make_settings, running_intake

UNKNOWN = "0190163d-8694-739b-aea5-966c26f8ad91"


@pytest.fixture
async def back_channel() -> AsyncIterator[BackChannel]:
    place, url = free_socket()
    channel = BackChannel(url)
    async with serving(channel.app(), place):
        yield channel


@pytest.fixture
async def intake(
    kafka: KafkaConnection, intake_database: str, back_channel: BackChannel
) -> AsyncIterator[Running]:
    where = {
        "oidc_issuer": "http://identity.test",
        "oidc_backchannel_url": back_channel.url,
        "tracker_url": back_channel.url,
    }
    async with running_intake(make_settings(kafka, intake_database, **where)) as running:
        yield running


def salary_certificate(**changes: str) -> dict[str, object]:
    service = load_catalogue().by_code["tilaa-palkkatodistus"]
    told = {"first_name", "last_name", "personal_identity_code"}
    form = {field.name: field.sample for field in service.fields if field.name not in told}
    return {"service": service.code, "language": "fi", "form": form | changes}


async def test_a_strong_request_carries_what_the_bank_told(intake: Running, kafka: KafkaConnection) -> None:
    answer = await intake.send(salary_certificate(first_name="ANNA MARIA"), Authorization="Bearer citizen")
    assert answer.status_code == 202, answer.text
    (record,) = await records_of(kafka, [answer.json()["request_id"]])
    event = decode(record.value, record.headers).event
    assert isinstance(event, RequestSubmitted)
    assert event.authentication == "strong"
    form = TRACKER.open(event.sealed_form, purpose="form", request_id=event.request_id)
    assert b'"personal_identity_code":"081181-9984"' in form
    assert b'"first_name":"Anna Maria"' in form
    assert b"081181" not in (record.value or b"")


@pytest.mark.parametrize(
    "names", [{"given_name": "", "family_name": "Suharto"}, {"given_name": "", "family_name": ""}]
)
async def test_a_person_of_whom_the_bank_tells_one_name_is_heard(
    intake: Running, kafka: KafkaConnection, back_channel: BackChannel, names: dict[str, str]
) -> None:
    back_channel.userinfo["one-name"] = CITIZEN | names
    answer = await intake.send(salary_certificate(), Authorization="Bearer one-name")
    assert answer.status_code == 202, answer.text
    (record,) = await records_of(kafka, [answer.json()["request_id"]])
    event = decode(record.value, record.headers).event
    assert isinstance(event, RequestSubmitted)
    person = read_form(TRACKER.open(event.sealed_form, purpose="form", request_id=event.request_id)).person
    assert (person.first_name, person.last_name) == (names["given_name"], names["family_name"])


@pytest.mark.parametrize(
    ("given_name", "greeted"),
    [("Anna", "Anna"), ("Anna-Liisa", "Anna-Liisa"), ("Anna Maria", ""), ("Virtanen Anna", ""), ("", "")],
)
async def test_only_a_single_given_name_of_a_bank_is_greeted(
    intake: Running, kafka: KafkaConnection, back_channel: BackChannel, given_name: str, greeted: str
) -> None:
    back_channel.userinfo["named"] = CITIZEN | {"given_name": given_name}
    answer = await intake.send(salary_certificate(), Authorization="Bearer named")
    (record,) = await records_of(kafka, [answer.json()["request_id"]])
    event = decode(record.value, record.headers).event
    assert isinstance(event, RequestSubmitted)
    contact = json.loads(NOTIFIER.open(event.sealed_contact, purpose="contact", request_id=event.request_id))
    assert contact["first_name"] == greeted


async def test_typing_another_name_than_the_banks_is_an_error_that_names_it(intake: Running) -> None:
    answer = await intake.send(salary_certificate(last_name="Toinen"), Authorization="Bearer citizen")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["last_name"])


@pytest.mark.parametrize("token", ["unknown", "staff", "ä", "x" * 5000, ""])
async def test_a_token_that_does_not_hold_is_refused(intake: Running, token: str) -> None:
    answer = await intake.client.post(
        "/api/v1/requests", json=salary_certificate(), headers={b"Authorization": f"Bearer {token}".encode()}
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_weak_login_is_no_strong_identification(intake: Running, back_channel: BackChannel) -> None:
    back_channel.userinfo["weak"] = CITIZEN | {"acr": "urn:asiointi:staff"}
    back_channel.userinfo["nobody"] = {name: value for name, value in CITIZEN.items() if name != HETU}
    back_channel.userinfo["no level"] = {name: value for name, value in CITIZEN.items() if name != "acr"}
    for number, code in enumerate(("not-a-code", "A" * 64, "9984", "2830765-9")):
        back_channel.userinfo[f"code {number}"] = CITIZEN | {HETU: code}
    for token in back_channel.userinfo.keys() - {"citizen"}:
        assert (await intake.send(salary_certificate(), Authorization=f"Bearer {token}")).status_code == 401


async def test_one_persons_keys_are_not_anothers(intake: Running, back_channel: BackChannel) -> None:
    back_channel.userinfo["other"] = CITIZEN | {HETU: "131052-308T", "given_name": "Eino"}
    first = await intake.send(
        salary_certificate(), key="idempotency-key-mine", Authorization="Bearer citizen"
    )
    other = await intake.send(salary_certificate(), key="idempotency-key-mine", Authorization="Bearer other")
    assert (first.status_code, other.status_code) == (202, 202)
    assert first.json()["request_id"] != other.json()["request_id"]


async def test_the_number_of_an_older_request_is_asked_of_tracker_with_a_token_that_is_kept(
    intake: Running, back_channel: BackChannel
) -> None:
    for _ in range(3):
        told = (await intake.client.get(f"/api/v1/requests/{UNKNOWN}")).json()
        assert told == {"request_id": UNKNOWN, "work_number": "572572578", "state": "resolved"}
    assert back_channel.asked == [UNKNOWN] * 3
    assert back_channel.issued == ["token-0"]
    back_channel.expired.add("token-0")
    assert (await intake.client.get(f"/api/v1/requests/{UNKNOWN}")).status_code == 200
    assert back_channel.issued == ["token-0", "token-1"]


async def test_what_tracker_does_not_know_is_not_found_and_what_it_cannot_say_is_unavailable(
    intake: Running, back_channel: BackChannel
) -> None:
    for status, told in (((404, {}), 404), ((500, {}), 503), ((200, ["nonsense"]), 503), ((429, {}), 503)):
        back_channel.status = status
        assert (await intake.client.get(f"/api/v1/requests/{UNKNOWN}")).status_code == told


async def test_a_status_is_told_by_number_and_address_or_by_link(
    intake: Running, back_channel: BackChannel
) -> None:
    tracker = intake.intake.tracker
    told = await tracker.status_by_number(" 572 572-720 ", " Aino@SÄHKÖ.fi ")
    assert back_channel.asked == [{"work_number": "572572720", "email": "Aino@xn--shk-qla6g.fi"}]
    assert (told.work_number, told.state, [step.text for step in told.timeline]) == (
        STATUS["work_number"],
        "resolved",
        [None, "Lasku on postissa."],
    )
    assert (await tracker.status_by_link("signed")).service_title == "Pyydä laskukopio"
    for status, error in ((404, UnknownRequest), (422, UnknownRequest), (429, TooMany), (500, TrackerAway)):
        back_channel.status = status, {}
        with pytest.raises(error):
            await tracker.status_by_number("572572720", "aino@example.com")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("57257272", "wrong-length"), ("", "wrong-length"), ("572 572 702", "wrong-check-digit")],
)
async def test_a_mistyped_number_is_told_without_asking_tracker(
    intake: Running, back_channel: BackChannel, typed: str, reason: str
) -> None:
    with pytest.raises(InvalidWorkNumber) as wrong:
        await intake.intake.tracker.status_by_number(typed, "aino@example.com")
    assert wrong.value.reason == reason
    assert back_channel.asked == []


async def test_an_id_that_is_known_here_is_not_asked_of_tracker(
    intake: Running, back_channel: BackChannel
) -> None:
    sent = (await intake.send(salary_certificate(), Authorization="Bearer citizen")).json()
    told = (await intake.client.get(f"/api/v1/requests/{UUID(sent['request_id'])}")).json()
    assert told["state"] == "accepted"
    assert back_channel.asked == []
