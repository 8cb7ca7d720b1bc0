"""Signing in by a clinic's identity provider: out to it, back from it, and once more for a proof.

What ties the way out to the way back is sealed in a cookie of a few minutes. It must not know what
the provider says of anybody; app/store/accounts/identity_providers.py does.
"""

import base64
import hmac
import json
import secrets
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.store.accounts import identity_providers, sessions
from app.store.accounts.identity_providers import NoProvider
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.db import rate_limits
from app.store.db.rate_limits import RateLimit, network_prefix
from app.web.access import set_session_cookie
from app.web.identity_provider import (
    RETURN_PATH,
    ProviderClient,
    ProviderRefused,
    ProviderUnreachable,
)
from app.web.pages import see_other
from app.web.staff_doors import describe_browser, find_home_address
from app.web.staff_request import StaffRequest
from app.web.wire import read_cookie, set_cookie

_COOKIE, _LIFETIME = "provider", 600  # seconds that someone may take to sign in there
_PROVIDER_LIMIT = RateLimit("sign-in by a provider", 60, sessions.SECOND_FACTOR_TIMEOUT)


class _Way(NamedTuple):
    """Someone on the way to a provider and back.

    `again`: the session that they prove anew, since its cookie does not come along on the way back.
    """

    clinic: str
    state: str
    nonce: str
    verifier: str
    again: str


def start_provider_sign_in(request: StaffRequest) -> Response:
    """GET /sign-in/with/{clinic}: on to the provider of this clinic."""
    return _leave(request, request.path_params["clinic"], again="")


def start_proof(request: StaffRequest) -> Response:
    """GET /account/again: who is signed in by a provider proves it there once more."""
    if not request.signed_in_staff.by_provider:
        return see_other("/account")
    return _leave(request, request.clinic, again=request.signed_in_staff.token_hash)


def finish_provider_sign_in(request: StaffRequest) -> Response:
    """GET /sign-in/return: back from the provider; a page of ours leads on.

    Trap: a redirect would not do. It would still count as coming from the provider, and browsers
    would hold the cookie of the new session back.
    """
    way = _read_way(request)
    if way is None or request.query_params.get("state") != way.state:
        return _refuse(request, "state")
    if "code" not in request.query_params:
        return _refuse(request, "login")
    try:
        client = _make_client(request, way.clinic)
        code = request.query_params["code"]
        who = client.redeem_code(code, way.nonce, way.verifier, again=bool(way.again))
        if way.again:
            proof = (way.clinic, way.again, who, request.now)
            identity_providers.prove_by_provider(request.store, *proof)
            return _end_way(request, request.render_page("staff/confirmed.html"))
        token = identity_providers.sign_in_by_provider(
            request.store,
            way.clinic,
            who,
            request.now,
            address=request.client_address,
            browser=describe_browser(request.headers.get("user-agent", "")),
        )
    except ProviderUnreachable:
        return _show_unreachable(request)
    except ProviderRefused as refused:
        return _refuse(request, "setup" if refused.why == "no_refresh_token" else "login")
    except SignInRefused:
        return _refuse(request, "group")
    except NotSignedIn:  # the session to be proved is over, or another person's
        return _refuse(request, "other")
    home = find_home_address(sessions.require_session(request.store, token, request.now).role)
    response = request.render_page("staff/signed_in.html", home=home)
    response.headers["Refresh"] = f"0; url={home}"
    set_session_cookie(response, request, token)
    return _end_way(request, response)


def _leave(request: StaffRequest, clinic: str, *, again: str) -> Response:
    client = _make_client(request, clinic)
    prefix = network_prefix(request.client_address)
    rate_limits.acquire_tokens(request.store.engine, _PROVIDER_LIMIT, prefix, request.now)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    way = _Way(clinic, state, nonce, verifier, again)
    try:
        address = client.start_address(state, nonce, verifier, again=bool(again))
    except ProviderUnreachable:
        return _show_unreachable(request)
    response = see_other(address)
    sealed = _sealer(request).encrypt_at_time(json.dumps(way).encode(), request.context.unix_time)
    # Lax: it has to come along when the provider sends the browser back.
    set_cookie(response, request, _COOKIE, sealed.decode(), "Lax", _LIFETIME)
    return response


def _make_client(request: StaffRequest, clinic: str) -> ProviderClient:
    """Raises HTTPException where the clinic has no provider, as where there is no such clinic."""
    try:
        with request.store.reading_scope(clinic) as scope:
            chosen = identity_providers.load_provider(scope)
    except NoProvider:
        raise HTTPException(404) from None
    return ProviderClient(chosen, f"{request.origin}{RETURN_PATH}", request.now)


def _read_way(request: StaffRequest) -> _Way | None:
    sealed = read_cookie(request, _COOKIE).encode()
    try:
        plain = _sealer(request).decrypt_at_time(sealed, _LIFETIME, request.context.unix_time)
    except InvalidToken:
        return None
    return _Way(*json.loads(plain))


def _sealer(request: StaffRequest) -> Fernet:
    key = hmac.digest(request.context.keys.newest, b"provider sign-in", "sha256")
    return Fernet(base64.urlsafe_b64encode(key))


def _end_way(request: StaffRequest, response: Response) -> Response:
    """The way back is gone once."""
    set_cookie(response, request, _COOKIE, "", "Lax", 0)
    return response


def _refuse(request: StaffRequest, why: str) -> Response:
    words, status = f"provider.refused.{why}", 422 if why == "state" else 403
    page = request.render_page("staff/provider.html", status=status, words=words)
    return _end_way(request, page)


def _show_unreachable(request: StaffRequest) -> Response:
    words = "provider.unreachable"
    return _end_way(request, request.render_page("staff/provider.html", status=503, words=words))
