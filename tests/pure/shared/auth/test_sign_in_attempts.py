"""Each attempt to sign in has a cookie of its own, which only the browser that began it holds."""

from http.cookies import SimpleCookie

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.auth.sign_in_attempts import LATEST_KEPT, SignInAttempts

KEY = b"k" * 32


def browser(cookies: dict[str, str]) -> Request:
    """Return a request of a browser that holds these cookies."""
    held = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", held.encode())]})


def written(response: Response) -> SimpleCookie:
    """Return the cookies that an answer sets."""
    cookies = SimpleCookie()
    for line in response.headers.getlist("set-cookie"):
        cookies.load(line)
    return cookies


def begun(attempts: SignInAttempts, *states: str) -> dict[str, str]:
    """Return the cookies of a browser that began these attempts one after another."""
    held: dict[str, str] = {}
    for state in states:
        answer = Response()
        attempts.keep(browser(held), answer, state, {"of": state})
        for name, cookie in written(answer).items():
            held.pop(name, None)
            if cookie.value:
                held[name] = cookie.value
    return held


@pytest.mark.parametrize(
    ("secure", "prefix"), [(True, "__Host-asiointi-attempt-"), (False, "asiointi-attempt-")]
)
def test_the_cookie_is_for_this_host_and_no_script(secure: bool, prefix: str) -> None:
    answer = Response()
    SignInAttempts([KEY], "asiointi", secure=secure).keep(browser({}), answer, "state", {"nonce": "secret"})
    ((name, cookie),) = written(answer).items()
    assert name.startswith(prefix)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], bool(cookie["secure"])) == (
        "/",
        True,
        "lax",
        secure,
    )
    assert "secret" not in cookie.value


@pytest.mark.parametrize("secure", [True, False])
def test_an_ended_attempt_takes_nothing_from_the_others(secure: bool) -> None:
    attempts = SignInAttempts([KEY], "asiointi", secure=secure)
    held = begun(attempts, "a", "b", "c")
    answer = Response()
    attempts.end(browser(held), answer, "b")
    ((name, ended),) = written(answer).items()
    assert (ended.value, ended["max-age"], bool(ended["secure"])) == ("", "0", secure)
    del held[name]
    assert [attempts.recall(browser(held), state) for state in "abc"] == [{"of": "a"}, {}, {"of": "c"}]


def test_a_cookie_serves_no_other_attempt_and_no_other_key() -> None:
    attempts = SignInAttempts([KEY], "asiointi", secure=True)
    first, second = begun(attempts, "a", "b").items()
    swapped = browser({first[0]: second[1], second[0]: first[1]})
    assert [attempts.recall(swapped, state) for state in ("a", "b", "", "ä\ud800")] == [{}, {}, {}, {}]
    other = SignInAttempts([b"o" * 32], "asiointi", secure=True)
    assert other.recall(browser(dict([first])), "a") == {}


def test_the_latest_attempts_are_kept_in_few_bytes() -> None:
    attempts = SignInAttempts([KEY], "asiointi", secure=True)
    states = [str(number) for number in range(LATEST_KEPT * 3)]
    held = begun(attempts, *states)
    assert len(held) == LATEST_KEPT
