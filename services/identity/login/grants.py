"""Issues authorization codes for finished logins, and redeems each once, within a minute, for its client."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.identity.keys import Keys, digest
from services.identity.login.errors import OAuthError
from services.identity.models import Attempt, Grant, utc_now

ACCESS_TOKEN_LASTS = timedelta(minutes=5)
CODE_LASTS = timedelta(seconds=60)


async def end_attempt(session: AsyncSession, attempt_id: UUID, browser: bytes) -> Attempt | None:
    """End an open attempt of this browser and return it; None when there is none, or no longer."""
    now = utc_now()
    ended = await session.scalars(
        update(Attempt)
        .where(
            col(Attempt.id) == attempt_id,
            col(Attempt.browser) == browser,
            col(Attempt.ended_at).is_(None),
            col(Attempt.expires_at) > now,
        )
        .values(ended_at=now)
        .returning(Attempt)
    )
    return ended.one_or_none()


def issue_code(session: AsyncSession, keys: Keys, attempt: Attempt, claims: dict[str, Any]) -> str:
    """Return a new code, and store the claims about the person that it grants."""
    code, now, grant_id = secrets.token_urlsafe(32), utc_now(), uuid4()
    session.add(
        Grant(
            id=grant_id,
            code_digest=digest(code),
            client_id=attempt.client_id,
            redirect_uri=attempt.redirect_uri,
            code_challenge=attempt.code_challenge,
            nonce=attempt.nonce,
            scope=attempt.scope,
            claims_sealed=keys.seal_claims(
                {**claims, "locale": attempt.language, "auth_time": int(now.timestamp())}, grant_id
            ),
            code_expires_at=now + CODE_LASTS,
            expires_at=now + CODE_LASTS + ACCESS_TOKEN_LASTS,
            redeemed_at=None,
            revoked_at=None,
        )
    )
    return code


async def redeem_code(session: AsyncSession, client_id: str, form: dict[str, str]) -> Grant | OAuthError:
    """Use up a code and return its grant, or the error.

    A second use of a code revokes the tokens of the first. Errors are returned and not raised, because that
    revocation has to be committed.
    """
    grant = (
        await session.scalars(
            select(Grant).where(col(Grant.code_digest) == digest(form.get("code", ""))).with_for_update()
        )
    ).one_or_none()
    now = utc_now()
    if grant is None or grant.client_id != client_id:
        return OAuthError("invalid_grant", "the code is unknown")
    if grant.redeemed_at is not None:
        grant.revoked_at = now
        return OAuthError("invalid_grant", "the code has been used")
    grant.redeemed_at = now
    if grant.code_expires_at <= now:
        return OAuthError("invalid_grant", "the code has expired")
    if form.get("redirect_uri") != grant.redirect_uri:
        return OAuthError("invalid_grant", "redirect_uri is not the one of the request")
    if not _matches(form.get("code_verifier", ""), grant.code_challenge):
        return OAuthError("invalid_grant", "code_verifier does not match")
    return grant


def _matches(verifier: str, challenge: str) -> bool:
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(made, challenge)
