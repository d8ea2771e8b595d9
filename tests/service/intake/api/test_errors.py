"""Whatever is sent, the answer names what is wrong, in the caller's language, and is never a 5xx."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.service.intake.request_bodies import PERSON, invoice_copy
from tests.service.intake.running_intake import Running

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def intake(shared_intake: Running) -> Running:
    """Let these tests share one app: they change nothing."""
    return shared_intake


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fi", "Kirjoita henkilötunnukseen viiva, esimerkiksi 131052-308T"),
        ("sv", "Skriv bindestrecket i personbeteckningen, till exempel 131052-308T"),
        ("en", "Write the hyphen in the personal identity code, for example 131052-308T"),
    ],
)
async def test_every_wrong_field_is_named_in_the_citizens_language(
    intake: Running, language: str, sentence: str
) -> None:
    body = invoice_copy(
        personal_identity_code="131052308T", email="aino@", delivery="pulu", shoe_size="38", phone=""
    ) | {"language": language}
    answer = await intake.send(body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    told = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert list(told) == ["personal_identity_code", "email", "phone", "delivery", "shoe_size"]
    assert told["personal_identity_code"] == sentence
    assert not any(typed in answer.text for typed in ("131052308T", "aino@", "Koskimies"))


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b'{"service": "\\ud800"}', 400, None),
        (b"\xff\xfe", 400, None),
        (b"[]", 422, "body"),
        (b"null", 422, "body"),
        (b'{"language": "fi", "form": {}}', 422, "service"),
        (b'{"service": 7, "language": "fi", "form": {}}', 422, "service"),
        (b'{"service": "pyyda-laskukopio", "language": "de", "form": {}}', 422, "language"),
        (b'{"service": "pyyda-laskukopio", "language": "fi", "form": []}', 422, "form"),
        (b'{"service": "pyyda-laskukopio", "language": "fi", "form": {"phone": 401234567}}', 422, "phone"),
        (b'{"service": "pyyda-laskukopio", "language": "fi", "form": {}, "spam": 1}', 422, "spam"),
        (b'\xef\xbb\xbf{"service": "ei-ole", "language": "fi", "form": {}}', 422, "service"),
        (b'{"service": "ei-ole", "language": "fi", "form": {}, "form": {}}', 422, "form"),
        (b'{"service": "ei-ole", "language": "fi", "form": {"phone": "1", "phone": "2"}}', 422, "phone"),
        (b"[" * 30_000, 400, None),
        (b'{"service": NaN}', 400, None),
        (b'{"service": "ei-ole", "language": "fi", "form": {}}', 422, "service"),
    ],
)
async def test_a_body_of_another_shape_is_told_which(
    intake: Running, body: bytes, status: int, field: str | None
) -> None:
    answer = await intake.client.post("/api/v1/requests", content=body, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert [error["field"] for error in answer.json().get("errors", [])][:1] == ([field] if field else [])


async def test_the_language_of_an_error_is_the_bodys_or_the_headers(intake: Running) -> None:
    swedish = {**JSON, "Accept-Language": "de, sv;q=0.8, en;q=0.5"}
    malformed = await intake.client.post("/api/v1/requests", content=b"{", headers=swedish)
    assert malformed.json()["title"] == "Innehållet är inte JSON"
    shape = await intake.client.post("/api/v1/requests", content=b'{"language": "fi"}', headers=swedish)
    assert shape.json()["title"] == "Joitakin kenttiä puuttuu tai ne ovat väärin"
    nobody = await intake.client.post("/api/v1/requests", content=b"{", headers=JSON)
    assert nobody.json()["title"] == "The body is not JSON"


async def test_a_body_that_is_too_long_or_no_json_by_its_type_is_refused(intake: Running) -> None:
    too_long = await intake.send(invoice_copy(further_information="x" * 70_000))
    assert too_long.status_code == 413
    text = await intake.client.post(
        "/api/v1/requests", content=json.dumps(invoice_copy()), headers={"Content-Type": "text/plain"}
    )
    assert text.status_code == 415


@pytest.mark.parametrize("chunked", [True, False])
async def test_too_long_a_body_is_told_in_the_callers_language(intake: Running, *, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1_000

    content = pieces() if chunked else b" " * 70_000
    answer = await intake.client.post(
        "/api/v1/requests", content=content, headers={**JSON, "Accept-Language": "sv"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert (answer.json()["type"], answer.json()["title"]) == (
        "urn:asiointi:problem:body-too-long",
        "Innehållet är för långt",
    )


async def test_a_compressed_body_is_refused_and_told_what_is_taken(intake: Running) -> None:
    content = gzip.compress(json.dumps(invoice_copy()).encode())
    answer = await intake.client.post(
        "/api/v1/requests", content=content, headers={**JSON, "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")


async def test_null_is_a_field_that_was_not_given(intake: Running) -> None:
    body = invoice_copy()
    assert (await intake.send({**body, "form": {**body["form"], "details": None}})).status_code == 202
    wrong = await intake.send({**body, "form": {**body["form"], "email": None}})
    assert [error["field"] for error in wrong.json()["errors"]] == ["email"]


async def test_programs_find_what_they_look_for_at_every_site(intake: Running) -> None:
    assert (
        await intake.client.get("/robots.txt")
    ).text == "User-agent: *\nDisallow: /api/\nDisallow: /auth/\n"
    assert (await intake.client.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"
    assert (await intake.client.get("/.well-known/security.txt")).status_code == 404


PLACES = [
    "/",
    "/fi/",
    "/fi/pyynto/pyyda-laskukopio",
    "/healthz",
    "/readyz",
    "/api/v1/services",
    "/openapi.json",
    "/docs",
    "/look/mark.svg",
    "/none",
]


@pytest.mark.parametrize("path", PLACES)
async def test_head_is_answered_wherever_get_is(intake: Running, path: str) -> None:
    got, head = await intake.client.get(path), await intake.client.head(path)
    assert (head.status_code, head.headers["content-type"] if got.content else "", head.content) == (
        got.status_code,
        got.headers["content-type"] if got.content else "",
        b"",
    )


async def test_a_strong_service_without_a_token_says_how_to_identify(intake: Running) -> None:
    answer = await intake.send({"service": "tilaa-palkkatodistus", "language": "en", "form": PERSON})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "access token" in answer.json()["detail"]
    away = await intake.send(
        {"service": "tilaa-palkkatodistus", "language": "en", "form": PERSON}, Authorization="Bearer abc"
    )
    assert (away.status_code, away.json()["type"]) == (503, "urn:asiointi:problem:unavailable")


async def test_an_unknown_request_cannot_be_told_while_tracker_is_away(intake: Running) -> None:
    answer = await intake.client.get("/api/v1/requests/0190163d-8694-739b-aea5-966c26f8ad91")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    ("call", "language", "field", "message"),
    [
        (
            "/api/v1/requests/nope",
            "",
            "request_id",
            "Give the request_id that the answer to the sending gave",
        ),
        ("/api/v1/requests/nope", "fi", "request_id", "Anna pyynnön tunnus"),
        ("/api/v1/services?language=de", "sv", "language", "Ange något av dessa: fi, sv, en"),
    ],
)
async def test_a_wrong_parameter_is_named_in_our_words(
    intake: Running, call: str, language: str, field: str, message: str
) -> None:
    wrong = await intake.client.get(call, headers={"Accept-Language": language})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
    (error,) = wrong.json()["errors"]
    assert error["field"] == field
    assert error["message"].startswith(message)


async def test_the_catalogue_tells_what_is_on_offer_and_where(intake: Running) -> None:
    services = (await intake.client.get("/api/v1/services", headers={"Accept-Language": "sv"})).json()
    first = services[0]
    assert first["code"] == "kysy-tai-ilmoita-laskuun-liittyen"
    assert (first["roles"], first["group"], first["authentication"]) == (["person"], "invoices", "none")
    assert first["url"] == "http://intake.test/sv/pyynto/kysy-tai-ilmoita-laskuun-liittyen"
    one = (await intake.client.get(f"/api/v1/services/{first['code']}?language=en")).json()
    assert one["form_schema"]["properties"]["first_name"]["title"] == "First name"


@pytest.mark.parametrize(
    ("language", "title", "detail"),
    [
        ("fi", "Ei löydy", "Tällaista palvelua ei ole; katso GET /api/v1/services"),
        ("sv", "Hittades inte", "En sådan tjänst finns inte; se GET /api/v1/services"),
        ("en", "Not found", "There is no such service; see GET /api/v1/services"),
    ],
)
async def test_what_is_not_there_is_named(intake: Running, language: str, title: str, detail: str) -> None:
    missing = await intake.client.get("/api/v1/services/ei-ole", headers={"Accept-Language": language})
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:asiointi:problem:not-found")
    assert (missing.json()["title"], missing.json()["detail"]) == (title, detail)


async def test_the_api_is_described(intake: Running) -> None:
    described = (await intake.client.get("/openapi.json")).json()
    body = described["paths"]["/api/v1/requests"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    (example,) = body["examples"]
    assert (await intake.send(example)).status_code == 202
    docs = await intake.client.get("/docs")
    assert docs.status_code == 200
    assert "//" not in docs.text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
BODIES = ANYTHING | st.builds(
    lambda changes: invoice_copy() | changes,
    st.fixed_dictionaries({}, optional=dict.fromkeys(("service", "language", "form"), ANYTHING)),
)
FORMS = st.dictionaries(
    st.sampled_from([*invoice_copy()["form"], "invoice_number", "other"]) | st.text(max_size=8),
    st.text(max_size=30),
    max_size=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(body={"service": "pyyda-laskukopio", "language": "fi", "form": {"": 1}})
@given(body=BODIES | FORMS.map(lambda form: invoice_copy() | {"form": invoice_copy()["form"] | form}))
async def test_no_body_makes_it_fail(intake: Running, body: Any) -> None:  # noqa: ANN401  whatever JSON can hold
    raw = json.dumps(body).encode()
    answer = await intake.client.post("/api/v1/requests", content=raw, headers=JSON)
    assert answer.status_code in {202, 400, 401, 422}, answer.text
    if answer.status_code == 422:
        assert all(error["field"] and error["message"] for error in answer.json()["errors"])


async def test_every_reference_in_the_openapi_document_leads_somewhere(intake: Running) -> None:
    document = (await intake.client.get("/openapi.json")).json()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [str(node["$ref"])] if "$ref" in node else []
            return own + [each for value in node.values() for each in references(value)]
        return [each for value in node for each in references(value)] if isinstance(node, list) else []

    found = references(document)
    assert found
    for reference in found:
        place: object = document
        for part in reference.removeprefix("#/").split("/"):
            assert isinstance(place, dict)
            place = place[part]
