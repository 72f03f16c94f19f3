"""Secrets from Secrets Manager, read once at start."""

from __future__ import annotations

from shop_kit.aws.client import AwsClient


async def read_secret(client: AwsClient, secret_id: str) -> str:
    """Return the current text of a secret. Raises AwsError (ResourceNotFoundException), Unavailable."""
    answer = await client.call("secretsmanager", "secretsmanager", "GetSecretValue", {"SecretId": secret_id}, version="1.1")
    return str(answer["SecretString"])
