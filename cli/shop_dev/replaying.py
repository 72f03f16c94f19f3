"""Having the read models of a running service built anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from shop_kit.errors import Unavailable
from shop_kit.projections.replaying import Replayed, replay

from shop_dev.errors import CliCode, ShopDevError


def replay_models(service: str, environment: Mapping[str, str], *, seconds: float) -> Sequence[Replayed]:
    """Return the service's read models once each was built anew.

    Raises ShopDevError: read_model_missing where it has none, replay_timed_out, service_unreachable where its database is away.
    """
    database_url = environment.get("DATABASE_URL")
    try:
        replayed = asyncio.run(replay(database_url, seconds=seconds)) if database_url else []
    except TimeoutError as error:
        raise ShopDevError(
            CliCode.REPLAY_TIMED_OUT,
            f"The read models of {service} were not built anew within {seconds:g} s. They still are: the ones there were answer.",
            actions=(f"shop-dev logs {service}", f"shop-dev replay {service} --timeout {2 * seconds:g}"),
        ) from error
    except Unavailable as error:
        raise ShopDevError(
            CliCode.SERVICE_UNREACHABLE, f"The database of {service} does not answer: {error.reason}.", actions=("shop-dev status",)
        ) from error
    if not replayed:
        raise ShopDevError(
            CliCode.READ_MODEL_MISSING,
            f"{service} has no read model that is live, so there is none to build anew.",
            actions=("shop-dev graph", f"shop-dev logs {service}"),
        )
    return replayed
