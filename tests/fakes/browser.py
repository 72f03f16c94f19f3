"""A browser that signs users in at a user pool: authorization code with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


@dataclass
class Browser:
    """One user's browser at the pages of a pool."""

    pages: str
    client: str
    callback: str
    scope: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    http: httpx.Client = field(default_factory=httpx.Client)

    def opened(self) -> httpx.Response:
        """The page to sign in on."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.callback,
            "scope": self.scope,
            "state": "where-i-was",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return self.http.get(f"{self.pages}/oauth2/authorize", params=asked)

    def sign_in(self, email: str, password: str) -> str:
        """Fill in the page's form and return the code that comes back with the user."""
        page = self.opened()
        assert page.status_code == 200, page.text
        form = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
        sent = self.http.post(f"{self.pages}/login", data={**form, "username": email, "password": password})
        assert sent.status_code == 302, sent.text
        location = sent.headers["location"]
        query = parse_qs(urlsplit(location).query)
        assert location.startswith(self.callback)
        assert query["state"] == ["where-i-was"]
        return query["code"][0]

    def token(self, code: str, *, verifier: str | None = None) -> dict[str, Any]:
        """What the pool gives for a code: tokens, or an error."""
        asked = {
            "grant_type": "authorization_code",
            "client_id": self.client,
            "redirect_uri": self.callback,
            "code": code,
            "code_verifier": verifier or self.verifier,
        }
        found: dict[str, Any] = self.http.post(f"{self.pages}/oauth2/token", data=asked).json()
        return found
