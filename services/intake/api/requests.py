"""The submission API: sends a request, and returns its number and state."""

from http import HTTPStatus
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from services.intake.api.models import AcceptedRequest, NewRequest, Responses, header, problem
from services.intake.citizen.identity import Identity
from services.intake.citizen.identity_client import IdentityAway, TokenRefused
from services.intake.form.catalogue import Service
from services.intake.form.validate_form import FieldError, FormErrors, validate_form
from services.intake.problems import (
    DEFAULT_LANGUAGE,
    MalformedJson,
    NotIdentified,
    WrongMediaType,
    invalid_form,
    invalid_shape,
    translate,
)
from services.intake.resources import Resources
from services.intake.status.request_state import ask_state
from services.intake.submit.submission import Accepted, Submission
from services.intake.submit.trace import traceparent_of
from services.intake.texts import texts_in
from shared.events.vocabulary import Language
from shared.web.languages import as_language, preferred_language
from shared.web.problems import BodyTooLong, NotFound, Problem, Unavailable, problem_response
from shared.web.strict_json import DuplicateName, read_json
from shared.web.validation_messages import MAX_FIELD_LENGTH

MAX_BODY_BYTES = 64 * 1024
MIN_KEY_LENGTH, MAX_KEY_LENGTH = 16, 200
"""Keys of callers who are not identified are in one space.

Who could guess a key would learn of somebody else's request.
"""
CHALLENGE = 'Bearer realm="asiointi", scope="openid profile"'
HOW_TO_IDENTIFY = (
    "Send the citizen's access token of the identity service (OpenID Connect, scope openid profile) "
    "as Authorization: Bearer."
)

SUBMIT_ANSWERS: Responses = {
    400: problem("The body is not JSON"),
    401: problem("The service needs a strong identification", WWW_Authenticate="How to identify"),
    409: problem("The key was used for another body; the first request is kept"),
    413: problem(f"The body is longer than {MAX_BODY_BYTES} bytes"),
    415: problem("The body is not declared as JSON, or compressed"),
    422: problem("Fields are missing or wrong; `errors` names each, in the request's language"),
    429: problem(
        "Too many requests from this address, for this person or to this e-mail address; nothing was "
        "accepted",
        Retry_After="Seconds to wait",
    ),
    503: problem(
        "Neither Kafka nor the spool can keep the request now; send it again with the same key",
        Retry_After="Seconds to wait",
    ),
}
# Body and headers are described here and read by hand: FastAPI's own reading takes a tenth of the answer.
SUBMIT_DESCRIBED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": NewRequest.model_json_schema()}},
    },
    "parameters": [
        header(
            "Idempotency-Key",
            f"Makes a repeat the same request: choose a new one for each request, one that nobody can guess, "
            f"such as a random UUID; "
            f"{MIN_KEY_LENGTH} to {MAX_KEY_LENGTH} visible ASCII characters",
            minLength=MIN_KEY_LENGTH,
            maxLength=MAX_KEY_LENGTH,
            pattern="^[ -~]+$",
        ),
        header("Authorization", "`Bearer` and the citizen's access token, for services with `strong`"),
        header("traceparent", "W3C trace context, carried along to the last consumer"),
    ],
}
STATE_ANSWERS: Responses = {
    404: problem("Unknown"),
    422: problem("The request id is invalid; `errors` says so"),
    503: problem("The services that know do not answer", Retry_After="Seconds to wait"),
}


def install_routes(app: FastAPI) -> None:
    """Add the routes to the app itself.

    With a router in between every request searches for its route twice.
    """
    app.post(
        "/api/v1/requests",
        status_code=HTTPStatus.ACCEPTED,
        response_model=AcceptedRequest,
        responses=SUBMIT_ANSWERS,
        openapi_extra=SUBMIT_DESCRIBED,
        max_body_size=MAX_BODY_BYTES,
        summary="Send a request",
        tags=["requests"],
    )(send_request)
    app.get(
        "/api/v1/requests/{request_id}",
        responses=STATE_ANSWERS,
        summary="Ask for the number",
        tags=["requests"],
    )(get_request)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(BodyTooLong, _on_too_long)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Answer a wrong parameter in the caller's language; replaces the handler of `install_problems`."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  for the type checker: registered for this class only
    return problem_response(invalid_shape(error.errors(), _preferred(request)))


async def _on_too_long(request: Request, error: Exception) -> Response:
    """Answer in the caller's language, like the other errors."""
    assert isinstance(error, BodyTooLong)  # noqa: S101  as above
    return problem_response(translate(error, _preferred(request)))


async def send_request(request: Request) -> Response:
    """Accept a request for a service; it is stored before the answer.

    Its work number follows within a second. Send an `Idempotency-Key`: a repeat with the same key and body
    gets the same answer, one with another body 409.
    """
    resources: Resources = request.app.state.resources
    headers = request.headers
    body = _parse(request, await request.body())
    language = body.language
    try:
        service = _service(resources, body.service, language)
        key = headers.get("idempotency-key")
        _check_key(key, language)
        identity = await _identify(resources, service, headers.get("authorization"))
        form = validate_form(service, body.form, language, identity)
        if service.hidden:
            resources.caller_limits.canary(request)
        else:
            resources.caller_limits.submission(request, identity, form.email)
        submission = Submission(
            service,
            form,
            language,
            "api",
            key,
            identity,
            _caller(identity),
            traceparent=traceparent_of(headers),
        )
        accepted = await resources.submit_request(submission)
    except FormErrors as wrong:
        raise invalid_form(wrong.errors, language) from None
    except Problem as refusal:
        raise translate(refusal, language) from None
    return _answer(resources, accepted)


async def get_request(request: Request, request_id: UUID) -> AcceptedRequest:
    """Return number and state of a request, sent here or on the site.

    `work_number` is null until there is one.
    """
    resources: Resources = request.app.state.resources
    try:
        found = await ask_state(request_id, resources.recent, resources.spool, resources.tracker)
    except NotFound:
        language = _preferred(request)
        raise translate(NotFound(texts_in(language).api["no-request"]), language) from None
    except Problem as refusal:
        raise translate(refusal, _preferred(request)) from None
    return AcceptedRequest(request_id=found.request_id, work_number=found.work_number, state=found.state)


def _parse(request: Request, body: bytes) -> NewRequest:
    """Read the body; errors are in the language that it names, if it names one."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise translate(WrongMediaType(), _preferred(request))
    try:
        content = read_json(body)
        return NewRequest.model_validate(content)
    except ValidationError as error:
        language = (
            as_language(content.get("language")) if isinstance(content, dict) else None
        ) or _preferred(request)
        raise invalid_shape(error.errors(include_url=False, include_input=False), language) from None
    except DuplicateName as twice:
        language = _preferred(request)
        fault = FieldError(twice.name[:MAX_FIELD_LENGTH], texts_in(language).api.twice)
        raise invalid_form([fault], language) from None
    except ValueError:
        raise translate(MalformedJson(), _preferred(request)) from None


def _service(resources: Resources, code: str, language: Language) -> Service:
    service = resources.catalogue.get_even_hidden(code)
    if service is None:
        raise invalid_form([FieldError("service", texts_in(language).api["no-service"])], language)
    return service


def _check_key(key: str | None, language: Language) -> None:
    if key is not None and not (
        MIN_KEY_LENGTH <= len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()
    ):
        text = texts_in(language).api["wrong-key"].format(least=MIN_KEY_LENGTH, most=MAX_KEY_LENGTH)
        raise invalid_form([FieldError("Idempotency-Key", text)], language)


async def _identify(resources: Resources, service: Service, authorization: str | None) -> Identity | None:
    if service.authentication == "none":
        return None
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotIdentified(HOW_TO_IDENTIFY, headers={"WWW-Authenticate": CHALLENGE})
    try:
        return await resources.provider.identity_of(token.strip())
    except TokenRefused:
        raise NotIdentified(
            HOW_TO_IDENTIFY, headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
        ) from None
    except IdentityAway:
        raise Unavailable from None


def _caller(identity: Identity | None) -> str:
    return identity.personal_identity_code if identity else ""


def _answer(resources: Resources, accepted: Accepted) -> Response:
    progress = resources.recent.known(accepted.request_id)
    number, state = (f'"{progress.work_number}"', progress.state) if progress else ("null", "accepted")
    content = f'{{"request_id":"{accepted.request_id}","work_number":{number},"state":"{state}"}}'
    headers = {"Location": f"/api/v1/requests/{accepted.request_id}"}
    return Response(content, HTTPStatus.ACCEPTED, headers, media_type="application/json")


def _preferred(request: Request) -> Language:
    return preferred_language(request.headers.get("accept-language", ""), DEFAULT_LANGUAGE)
