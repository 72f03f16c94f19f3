"""What a sandbox's stores ask of who wants in: passwords and keys of its own, since anybody on the machine reaches its loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

import msgspec

from shop_sandbox import records
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths, flag_of

_SECRET_BYTES = 32


class Credentials(records.Record, kw_only=True):
    """One random secret, from which every password of the sandbox is derived: nobody needs to write down another one.

    It lies in the sandbox's folder, which only its owner can enter, in a file that only its owner can read.
    """

    secret: str
    given: dict[str, str] = msgspec.field(default_factory=dict)
    """Accounts of stores that are not this sandbox's: never written down. An empty password is none."""

    def password(self, of: str) -> str:
        """Return the password of one account, as `postgres/orders`: 128 bits in letters and digits that no URL needs to quote."""
        return self.given[of] if of in self.given else self._derived(of).hex()[:32]

    @property
    def administrator(self) -> str:
        """Return who may do everything in PostgreSQL."""
        return self.given.get("postgres", "shop")

    @property
    def administrators_database(self) -> str:
        return self.given.get("postgres/database", "shop")

    @property
    def aws_access_key_id(self) -> str:
        """Return a key id in AWS's form. It is as hard to guess as a password, for the emulator knows callers by it."""
        if "aws/key-id" in self.given:
            return self.given["aws/key-id"]
        return "AKIA" + base64.b32encode(self._derived("aws/key-id")).decode()[:16]

    @property
    def aws_secret_access_key(self) -> str:
        return self.given.get("aws/secret-key") or base64.b64encode(self._derived("aws/secret-key")).decode()[:40]

    def _derived(self, of: str) -> bytes:
        return hmac.digest(bytes.fromhex(self.secret), of.encode(), hashlib.sha256)


def credentials_of(paths: SandboxPaths) -> Credentials:
    """Give the sandbox's credentials, made at its first start. Raises SandboxError as `credentials_in` does."""
    found = credentials_in(paths.credentials)
    if found is None:
        found = Credentials(secret=secrets.token_bytes(_SECRET_BYTES).hex())
        records.write(paths.credentials, found)
    return found


def credentials_in(path: Path) -> Credentials | None:
    """Give what the file holds, None where there is none. Raises SandboxError (STATE_INCOMPLETE, WRITTEN_BY_ANOTHER_VERSION)."""
    try:
        return records.read(path, Credentials)
    except records.Unreadable as error:
        raise SandboxError(
            ErrorCode.STATE_INCOMPLETE,
            f"{error}: the passwords of this sandbox are in it",
            actions=(f"remove the file: `shop-dev up{flag_of(path)}` makes new ones, and the data stays",),
            detail={"path": str(path)},
        ) from error


def database_role(service: str) -> str:
    """Return the PostgreSQL role of a service, owner of its databases."""
    return service.replace("-", "_")


def database_account(role: str) -> str:
    """Return under which name a role's password is derived, see `Credentials.password`."""
    return f"postgres/{role}"
