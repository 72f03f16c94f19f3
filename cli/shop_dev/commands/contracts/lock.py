"""`shop-dev contracts lock`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.output.answer import Answer


def lock(json: JsonFlag = False) -> Answer:
    """Pin the rules of this program in the rule-set lock; the exceptions in it stay."""
    from datetime import UTC, datetime

    from shop_contracts.checking.baselines import write_whole
    from shop_contracts.compat.lock import InvalidLock, read_lock, render_lock

    from shop_dev.contracts.protobuf import LOCK
    from shop_dev.contracts.tree import open_contracts

    del json
    tree = open_contracts()
    try:
        known = read_lock(tree.lock, today=datetime.now(UTC).date()) if tree.lock else None
    except InvalidLock as error:
        raise ShopDevError(CliCode.CONTRACTS_RED, f"The lock is not touched, for it cannot be read:\n{error}") from error
    drift = known.drift() if known else []
    write_whole(tree.contracts.root / LOCK, render_lock(known.exceptions if known else ()).encode())
    return Answer(data={"file": str(LOCK), "changed": drift}, text="\n".join([*drift, f"{LOCK} written"]))
