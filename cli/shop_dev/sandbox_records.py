"""The forms of what the command line keeps about sandboxes. Imported where one is read or written: most commands do neither."""

from __future__ import annotations

from shop_sandbox.records import Record


class JoinedSandbox(Record):
    """The sandbox of another checkout, `host`, that a checkout has joined, in the run that `nonce` names."""

    host: str
    name: str
    nonce: str


class Pointer(Record):
    """Where a sandbox of this user is, so that `ls` finds it from anywhere."""

    checkout: str
    name: str
