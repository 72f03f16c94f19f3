"""Who customers are, and as whom mail is sent: Cognito and SES."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from shop_sandbox.manifest.form.values import Form, PartName, UserPoolName

Scope = Annotated[
    str,
    Meta(pattern="^[A-Za-z0-9_.:-]+/[A-Za-z0-9_.:-]+$", description="`<resource server>/<scope>`, as in `shop/orders.read`."),
]
WebAddress = Annotated[str, Meta(pattern="^https?://[^\\s#]+$", description="An address without a fragment.")]

DomainPrefix = Annotated[str, Meta(pattern="^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]


class UserPoolClient(Form, frozen=True, kw_only=True):
    """A program that signs users in, or itself."""

    name: PartName
    flows: Annotated[
        tuple[Literal["password", "srp", "custom", "admin-password", "refresh", "authorization-code", "client-credentials"], ...],
        Meta(
            min_length=1,
            description="How it may sign in. `authorization-code` signs users in on the pool's own pages and needs `callbackUrls`. "
            "`client-credentials` is a program on its own account: it has a secret, `scopes` and no other flow.",
        ),
    ] = ("srp", "refresh")
    scopes: Annotated[
        tuple[Scope, ...],
        Meta(description="What `authorization-code` and `client-credentials` may ask for, of the pool's `scopes`."),
    ] = ()
    callback_urls: Annotated[
        tuple[WebAddress, ...], Meta(description="Where `authorization-code` may send users with their code, and nowhere else.")
    ] = ()
    logout_urls: Annotated[tuple[WebAddress, ...], Meta(description="Where users may be sent after they signed out.")] = ()
    access_token_minutes: Annotated[int, Meta(ge=5, le=1440, description="How long its access tokens hold.")] = 60
    secret: Annotated[bool, Meta(description="Whether it has a secret; a program in users' hands keeps none.")] = False


class UserPool(Form, frozen=True, kw_only=True):
    """A Cognito user pool, owned by the service. Its id is in `SHOP_USER_POOL_<NAME>`, the issuer of its tokens in
    `SHOP_USER_POOL_<NAME>_ISSUER`, where users sign in in `SHOP_USER_POOL_<NAME>_LOGIN_URL`, and the id of each client in
    `SHOP_USER_POOL_<NAME>_CLIENT_<CLIENT>`."""

    name: UserPoolName
    sign_in: Annotated[
        tuple[Literal["email", "phone_number"], ...],
        Meta(description="What users sign in with in place of a user name."),
    ] = ("email",)
    password_min_length: Annotated[int, Meta(ge=6, le=99, description="How long a password is at least.")] = 12
    scopes: Annotated[tuple[Scope, ...], Meta(description="Scopes that programs may be granted.")] = ()
    clients: Annotated[tuple[UserPoolClient, ...], Meta(description="The programs that use it.")] = ()
    domain: Annotated[
        DomainPrefix | None,
        Meta(
            description="Prefix of the host with the pages where users sign in, which `authorization-code` and "
            "`client-credentials` need: `<domain>.auth.<region>.amazoncognito.com`.",
        ),
    ] = None


class Sender(Form, frozen=True, kw_only=True):
    """An SES identity that the service sends mail as. It is in `SHOP_SENDER_<NAME>`."""

    name: PartName
    identity: Annotated[
        str,
        Meta(
            pattern="^([A-Za-z0-9._%+-]+@)?([a-z0-9-]+\\.)+[a-z]{2,}$",
            description="An address, or a whole domain: `orders@shop.example`, `shop.example`.",
        ),
    ]
