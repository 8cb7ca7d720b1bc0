"""Speaks to a clinic's identity provider: OpenID Connect, code flow with PKCE.

Its address was chosen by whoever runs the server; nobody else can lead us anywhere. Nothing that it
says is believed before its signature fits: issuer, audience, time and the word of this very
sign-in. It must not know roles or sessions.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from app.store.accounts.identity_providers import ProviderIdentity, ProviderSettings

RETURN_PATH = "/sign-in/return"
"""Where a provider sends people back to."""
SCOPES = "openid profile email offline_access"
ALGORITHMS = ["RS256", "PS256", "ES256"]
WAIT = 5.0  # seconds for each answer
LEEWAY = 60  # seconds that clocks may differ
PROOF_AGE = 120  # seconds since someone signed in there, for a proof anew
_KEPT, _ASKED_AGAIN = 3600.0, 60.0  # seconds: what it says of itself; a key that is not known
_ADDRESS = re.compile(r"https://[^\s/?#]+(/[^\s?#]*)?|http://(localhost|127\.0\.0\.1)(:\d+)?(/.*)?")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderUnreachable(Exception):
    """It does not answer, or not as a provider does."""


class ProviderRefused(Exception):
    """It says no, or what it says cannot be believed; `why` in a word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Known:
    """What a provider says of itself, and its keys; `at`, `keys_at`: by a clock that only runs."""

    words: Mapping[str, Any]
    keys: KeySet
    at: float = field(default_factory=time.monotonic)
    keys_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """One provider, as its clinic chose it; `back`: our address to which it sends people back."""

    chosen: ProviderSettings
    back: str
    now: datetime
    _known: ClassVar[dict[str, _Known]] = {}

    def start_address(self, state: str, nonce: str, verifier: str, *, again: bool) -> str:
        """Where someone signs in; `again`: even if they are signed in there already.

        Raises ProviderUnreachable.
        """
        words = self._describe()
        more = {"prompt": "login", "max_age": "0"} if again else {}
        with closing(self._open_client(SCOPES)) as client:
            address, _ = client.create_authorization_url(
                words["authorization_endpoint"],
                state=state,
                code_verifier=verifier,
                nonce=nonce,
                **more,
            )
        return str(address)

    def redeem_code(self, code: str, nonce: str, verifier: str, *, again: bool) -> ProviderIdentity:
        """Who signed in. Raises ProviderRefused or ProviderUnreachable."""
        tokens = self._ask_tokens(
            lambda client, address: client.fetch_token(
                address, grant_type="authorization_code", code=code, code_verifier=verifier
            )
        )
        claims = self._read_id_token(str(tokens.get("id_token", "")), nonce)
        if again and not self._is_fresh(claims.get("auth_time")):
            raise ProviderRefused("auth_time")
        if not tokens.get("refresh_token"):
            raise ProviderRefused("no_refresh_token")
        wanted = ("name", self.chosen.claim)
        return self._identify(claims, tokens, str(tokens["refresh_token"]), *wanted)

    def ask_again(self, refresh: str) -> ProviderIdentity:
        """What it says of someone now. Raises ProviderRefused or ProviderUnreachable."""
        tokens = self._ask_tokens(
            lambda client, address: client.refresh_token(address, refresh_token=refresh)
        )
        claims = self._read_id_token(str(tokens["id_token"])) if tokens.get("id_token") else {}
        newest = str(tokens.get("refresh_token") or refresh)
        return self._identify(claims, tokens, newest, self.chosen.claim)

    def _identify(
        self, claims: Mapping[str, Any], tokens: Mapping[str, Any], refresh: str, *wanted: str
    ) -> ProviderIdentity:
        """What is wanted stands in the token, or is asked for."""
        if any(name not in claims for name in wanted):
            more = self._ask_userinfo(str(tokens.get("access_token", "")))
            if more and claims.get("sub", more.get("sub")) != more.get("sub"):
                raise ProviderRefused("userinfo")
            claims = {**more, **claims}
        groups = claims.get(self.chosen.claim) or []
        listed = [groups] if isinstance(groups, str) else groups
        name = claims.get("name") or claims.get("preferred_username") or claims.get("email")
        return ProviderIdentity(
            subject=str(claims.get("sub", "")),
            name=str(name or "?")[:100],
            email=str(claims.get("email") or "")[:254],
            groups=frozenset(map(str, listed)),
            refresh=refresh,
        )

    def _is_fresh(self, auth_time: object) -> bool:
        return isinstance(auth_time, int) and self.now.timestamp() - auth_time < PROOF_AGE

    def _read_id_token(self, token: str, nonce: str = "") -> Mapping[str, Any]:
        """What the token says, once all of it fits. Raises ProviderRefused."""
        registry = JWTClaimsRegistry(
            now=int(self.now.timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.chosen.issuer},
            aud={"essential": True, "value": self.chosen.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce} if nonce else {},
        )
        try:
            claims = self._decode(token)
            registry.validate(claims)
        except (JoseError, ValueError):  # what was wrong says more about us than about them
            raise ProviderRefused("id_token") from None
        if claims.get("azp", self.chosen.client_id) != self.chosen.client_id:
            raise ProviderRefused("id_token")
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        self._describe()
        known = self._known[self.chosen.issuer]
        try:
            return jwt.decode(token, known.keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            if time.monotonic() - known.keys_at < _ASKED_AGAIN:
                raise
        known.keys, known.keys_at = self._load_keys(known.words), time.monotonic()
        return jwt.decode(token, known.keys, algorithms=ALGORITHMS).claims

    def _describe(self) -> Mapping[str, Any]:
        """What the provider says of itself. Raises ProviderUnreachable."""
        known = self._known.get(self.chosen.issuer)
        if known is None or time.monotonic() - known.at > _KEPT:
            words = self._load(f"{self.chosen.issuer.rstrip('/')}/.well-known/openid-configuration")
            if words.get("issuer") != self.chosen.issuer:
                raise ProviderUnreachable("it says that it is another issuer")
            for name in _ENDPOINTS:
                if not is_provider_address(str(words.get(name, ""))):
                    raise ProviderUnreachable(f"its {name} is no address that we speak to")
            known = self._known[self.chosen.issuer] = _Known(words, self._load_keys(words))
        return known.words

    def _load_keys(self, words: Mapping[str, Any]) -> KeySet:
        try:
            return KeySet.import_key_set(self._load(str(words["jwks_uri"])))  # type: ignore[arg-type]  # checked within
        except (JoseError, ValueError, KeyError):
            raise ProviderUnreachable("its keys cannot be read") from None

    def _load(self, address: str, **headers: str) -> dict[str, Any]:
        try:
            answer = httpx2.get(address, timeout=WAIT, headers=headers)
            answer.raise_for_status()
            words = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnreachable(type(error).__name__) from None
        if not isinstance(words, dict):
            raise ProviderUnreachable("it answers with something else")
        return words

    def _ask_userinfo(self, access_token: str) -> dict[str, Any]:
        address = str(self._describe().get("userinfo_endpoint", ""))
        if not is_provider_address(address):
            return {}
        return self._load(address, Authorization=f"Bearer {access_token}")

    def _ask_tokens(
        self, ask: Callable[[OAuth2Client, str], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        address = self._describe()["token_endpoint"]
        try:
            with closing(self._open_client()) as client:
                return ask(client, address)
        except AuthlibBaseError as refused:
            raise ProviderRefused(str(refused.error or "token")) from None
        except httpx2.HTTPStatusError as error:
            kind = ProviderUnreachable if error.response.status_code >= 500 else ProviderRefused
            raise kind(f"answered with {error.response.status_code}") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnreachable(type(error).__name__) from None

    def _open_client(self, scope: str | None = None) -> OAuth2Client:
        """Trap: one that knows the scopes names them at a refresh too, and a provider that had
        granted fewer refuses it.
        """
        return OAuth2Client(
            self.chosen.client_id,
            self.chosen.secret,
            scope=scope,
            redirect_uri=self.back,
            code_challenge_method="S256",
            timeout=WAIT,
        )


def is_provider_address(address: str) -> bool:
    """Whether it is https, or this machine alone."""
    return _ADDRESS.fullmatch(address) is not None
