"""A customer signs in on the user pool's pages, orders something, and finds it among their orders."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

from shop_loadtests.journeys.checkout import order_one
from shop_loadtests.visitor import Refused, Visitor

CALLBACK = "http://localhost:3000/signed-in"
SCOPES = "openid shop/carts:read shop/quotes:create shop/orders:place shop/orders:read shop/customers:read shop/customers:write"
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


def visit(visitor: Visitor) -> None:
    """Sign in as somebody whom no other visitor is at this time, and order. Raises Refused, NoneLeft."""
    with visitor.claims.one_of("accounts") as email:
        token = _sign_in(visitor, email)
        known = {"name": "Ada Load", "language": "en"}
        only_new = {"if-none-match": "*"}
        visitor.call("putCustomer", "PUT", "/v1/customers/me", body=known, token=token, headers=only_new, expected=(201, 412))
        order = order_one(visitor, token=token)
        orders = visitor.call("listOrders", "GET", "/v1/orders?limit=10", token=token)["items"]
        if order["id"] not in {one["id"] for one in orders}:
            raise Refused(f"{order['id']} is not among the orders of {email}")


def _sign_in(visitor: Visitor, email: str) -> str:
    """Go the way of a browser: authorization code with PKCE (RFC 7636). Returns the access token."""
    pages, client = visitor.data["pages"], visitor.data["client"]
    verifier = f"{visitor.dice.getrandbits(512):0128x}"[:96]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    common = {"client_id": client, "redirect_uri": CALLBACK}
    asked = {
        **common,
        "response_type": "code",
        "scope": SCOPES,
        "state": "load",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = visitor.ask("openSignIn", "GET", f"{pages}/oauth2/authorize?{urlencode(asked)}")
    form = {name: html.unescape(value) for name, value in _HIDDEN.findall((page.content or b"").decode())}
    form |= {"username": email, "password": visitor.data["password"]}
    signed_in = visitor.ask("signIn", "POST", f"{pages}/login", form=form, expected=302)
    code = parse_qs(urlsplit(signed_in.headers["location"]).query)["code"][0]
    exchange = {**common, "grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return str(visitor.json(visitor.ask("getToken", "POST", f"{pages}/oauth2/token", form=exchange))["access_token"])
