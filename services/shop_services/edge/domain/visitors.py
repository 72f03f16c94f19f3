"""Visitors without a token, who become guests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

# What stands in for an identity must not be guessed: a UUID in its usual form, https://www.rfc-editor.org/rfc/rfc9562#section-4
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class KeyTooWeak(Exception):
    """The idempotency key of a visitor without a token is not a UUID."""


def guest_for(idempotency_key: str, *, secret: bytes) -> str:
    """Return the id of the guest that a request without a token stands for. Raises KeyTooWeak.

    The same key gives the same guest: who sends a request again, having lost the first answer, is not somebody new, and so gets
    the order they placed and not a second one. Without `secret` nobody can tell a guest from a key, or a key from a guest.
    """
    if not UUID_FORM.fullmatch(idempotency_key):
        raise KeyTooWeak(idempotency_key)
    digest = hmac.digest(secret, b"guest:" + idempotency_key.lower().encode(), hashlib.sha256)
    return "gst_" + base64.b32encode(digest[:16]).decode().rstrip("=")
