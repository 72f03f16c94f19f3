"""Who is calling: short-lived JWTs (RFC 7519) that an issuer signs, the shop's own with Ed25519, and every service verifies.

Nothing here knows a transport or a service: HTTP turns these errors into its own (`shop_kit.http.access`), and whose tokens a
service takes is written where the service is put together.
"""

from shop_kit.auth.jwks import RSA_ALGORITHM, JwksKeys
from shop_kit.auth.keys import Keys, StaticKeys, private_key, public_key, signing_key
from shop_kit.auth.tokens import NotAllowed, NotAuthenticated, Principal, TokenExpired, TokenSigner, TokenVerifier

__all__ = [
    "RSA_ALGORITHM",
    "JwksKeys",
    "Keys",
    "NotAllowed",
    "NotAuthenticated",
    "Principal",
    "StaticKeys",
    "TokenExpired",
    "TokenSigner",
    "TokenVerifier",
    "private_key",
    "public_key",
    "signing_key",
]
