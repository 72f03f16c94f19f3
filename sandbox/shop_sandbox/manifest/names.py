"""Names that follow from a manifest by convention, so that no file has to say them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_sandbox.manifest.form import Queue

REGION = "eu-west-1"
ACCOUNT_ID = "000000000000"
"""Where the AWS emulator believes to be, and whose it is."""


def dead_letter_topic(topic: str, group: str) -> str:
    """Return where records go that a consumer cannot handle: one topic a group, so that a redrive reaches that group alone."""
    return f"{topic}.{group}.dlq"


def dead_letter_queue(queue: Queue) -> str:
    """Name of the queue that takes what `queue` gives up; a FIFO queue has a FIFO one."""
    stem = queue.name.removesuffix(".fifo")
    return f"{stem}-dlq{queue.name[len(stem) :]}"


def variable(prefix: str, name: str) -> str:
    """Environment variable for a name: `variable("SHOP_TABLE", "stock-items")` is `SHOP_TABLE_STOCK_ITEMS`."""
    return f"{prefix}_{re.sub('[^A-Za-z0-9]+', '_', name).strip('_').upper()}"


def service_url_variable(service: str) -> str:
    """Variable with the address of another service: `SHOP_ORDERS_URL`."""
    return f"{variable('SHOP', service)}_URL"


def service_port_variable(service: str, port: str) -> str:
    """Variable with `host:port` of another service's further port: `SHOP_PRICING_GRPC_ADDRESS`."""
    return f"{variable('SHOP', f'{service}_{port}')}_ADDRESS"


def user_pool_variable(pool: str) -> str:
    """Variable with the id of a user pool: `SHOP_USER_POOL_CUSTOMERS`."""
    return variable("SHOP_USER_POOL", pool)


def issuer_variable(pool: str) -> str:
    """Variable with the issuer of a pool's tokens: `SHOP_USER_POOL_CUSTOMERS_ISSUER`."""
    return f"{user_pool_variable(pool)}_ISSUER"


def jwks_variable(pool: str) -> str:
    """Variable with the address of the keys that sign a pool's tokens: `SHOP_USER_POOL_CUSTOMERS_JWKS_URL`."""
    return f"{user_pool_variable(pool)}_JWKS_URL"


def login_variable(pool: str) -> str:
    """Variable with the address where a pool's users sign in: `SHOP_USER_POOL_CUSTOMERS_LOGIN_URL`."""
    return f"{user_pool_variable(pool)}_LOGIN_URL"


def client_variable(pool: str, client: str) -> str:
    """Variable with the id of a pool's client: `SHOP_USER_POOL_CUSTOMERS_CLIENT_WEB`."""
    return f"{user_pool_variable(pool)}_CLIENT_{variable('', client).strip('_')}"


def part_name(service: str, part: str) -> str:
    """Name under which a worker or function of a service runs: `shipping-labels`."""
    return f"{service}-{part}"


def topic_arn(name: str, region: str = REGION, account: str = ACCOUNT_ID) -> str:
    """ARN of an SNS topic."""
    return f"arn:aws:sns:{region}:{account}:{name}"


def function_arn(name: str, region: str = REGION, account: str = ACCOUNT_ID) -> str:
    """ARN of a Lambda function."""
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def queue_arn(name: str, region: str = REGION, account: str = ACCOUNT_ID) -> str:
    """ARN of an SQS queue."""
    return f"arn:aws:sqs:{region}:{account}:{name}"
