"""How a client program is told to scripts, which open it themselves."""

from __future__ import annotations

from shop_dev.stores.clients import Client


def client_data(client: Client) -> dict[str, object]:
    """Return what to run, and the variables that lead into the sandbox, passwords among them."""
    return {"program": client.program, "arguments": list(client.arguments), "environment": dict(client.own)}
