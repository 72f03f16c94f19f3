"""What manifests need of AWS, made on the emulator or on AWS itself: tables, queues, buckets, user pools, routes, alarms…

What is there and differs in a way that can be mended is mended (an index added, an attribute of a queue set); what cannot be mended
without losing data (another key) is refused. Nothing is ever removed.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from shop_sandbox.manifest.form import Alarm, Bucket, Parameter, Queue, Secret
from shop_sandbox.manifest.loader import Manifest
from shop_sandbox.manifest.names import service_url_variable
from shop_sandbox.manifest.rules.view import routes_of
from shop_sandbox.provision.alarms import settle_alarm
from shop_sandbox.provision.aws_api import Aws, AwsAccount, AwsRefused, AwsUnreachable, xml_values
from shop_sandbox.provision.aws_session import open_session
from shop_sandbox.provision.dynamodb import settle_table
from shop_sandbox.provision.gateway import gateway_routes
from shop_sandbox.provision.identity import UserPools, settle_sender
from shop_sandbox.provision.messaging import Notifications, settle_queue
from shop_sandbox.provision.routes import Api, WantedRoute, api_url
from shop_sandbox.provision.task import Outcome, Refused, Report, Wanted, all_of, run_task
from shop_sandbox.provision.told import tell

Step = Callable[[], Awaitable[tuple[Outcome, str]]]


def main() -> None:
    """Provision AWS resources in this process; see `run_task`."""
    run_task(provision)


async def provision(wanted: Wanted, report: Report) -> None:
    """Make the wanted AWS resources be there. Raises Refused, alone or in an ExceptionGroup."""
    async with open_session() as session:
        account = AwsAccount.from_environment(wanted.environment)
        await _Provisioning(Aws(account, session), account, wanted, report).settle(wanted.manifests)


class _Provisioning:
    def __init__(self, aws: Aws, account: AwsAccount, wanted: Wanted, report: Report) -> None:
        self._aws = aws
        self._account = account
        self._wanted = wanted
        self._report = report

    async def settle(self, manifests: tuple[Manifest, ...]) -> None:
        needs = [manifest.service.needs for manifest in manifests]
        await all_of(
            [
                *(self._step("table", table.name, settle_table(self._aws, table)) for need in needs for table in need.tables),
                *(self._step("bucket", bucket.name, settle_bucket(self._aws, bucket)) for need in needs for bucket in need.buckets),
                *(
                    self._step("secret", secret.name, settle_secret(self._aws, secret))
                    for need in needs
                    for secret in need.secrets
                    if secret.owned_by is None
                ),
                *(
                    self._step("parameter", parameter.name, settle_parameter(self._aws, parameter))
                    for need in needs
                    for parameter in need.parameters
                ),
                *(self._step("sender", sender.name, settle_sender(self._aws, sender)) for need in needs for sender in need.senders),
                self._messaging(
                    [name.name for need in needs for name in need.notifications],
                    [q for need in needs for q in need.queues],
                    [alarm for manifest in manifests for alarm in manifest.service.alarms],
                ),
                self._gateway(manifests),
            ]
        )

    async def _gateway(self, manifests: tuple[Manifest, ...]) -> None:
        """User pools first, then the routes that demand their tokens."""
        pools = UserPools(self._aws, self._account.endpoint_of("cognito-idp"))
        wanted = [pool for manifest in manifests for pool in manifest.service.needs.user_pools]
        if wanted:
            await self._told("user pool", "*", pools.discover())
            await all_of(self._step("user pool", pool.name, pools.settle(pool)) for pool in wanted)
        routes = [
            WantedRoute(f"{one.method} {one.path}", self._wanted.environment[service_url_variable(name)], one.user_pool)
            for name, service in ((manifest.service.service, manifest.service) for manifest in manifests)
            for one in service.routes
        ]
        routes += [route for manifest in manifests for route in self._documented(manifest)]
        if routes:
            api = Api(self._aws, pools)
            await self._told("route", "*", api.open())
            for route in routes:  # in turn: they share integrations and authorizers
                await self._step("route", route.key, api.settle(route))
            for gateway in (manifest.service.gateway for manifest in manifests):
                if gateway and gateway.throttling:
                    await self._step("throttling", "*", api.throttle(gateway.throttling))
        self._tell(manifests, pools, has_routes=bool(routes))

    def _documented(self, manifest: Manifest) -> Iterable[WantedRoute]:
        """Return the routes that a service's OpenAPI document offers behind API Gateway."""
        service = manifest.service
        if service.gateway is None or service.contracts.openapi is None:
            return ()
        document = (self._wanted.checkout / service.contracts.openapi).read_text(encoding="utf-8")
        return gateway_routes(document, service.gateway, self._wanted.environment[service_url_variable(service.service)])

    def _tell(self, manifests: tuple[Manifest, ...], pools: UserPools, *, has_routes: bool) -> None:
        """Keep what services read and the emulator gave out; a service of routes learns where they are."""
        found: dict[str, dict[str, str]] = {}
        for service in (manifest.service for manifest in manifests):
            used = {pool.name for pool in service.needs.user_pools} | {
                one.user_pool for _, one in routes_of(service) if one.user_pool
            }
            used |= {service.gateway.user_pool} if service.gateway else set()
            told = {key: value for pool in sorted(used) for key, value in pools.variables[pool].items()}
            if has_routes and (service.routes or service.gateway):
                told["SHOP_API_URL"] = api_url(self._account.endpoint_of("apigateway"))
            found[service.service] = told
        if any(found.values()):
            tell(Path(self._wanted.environment["SHOP_PROVISIONED"]), found)

    async def _messaging(self, names: list[str], queues: list[Queue], alarms: list[Alarm]) -> None:
        """Notifications first, then the queues that subscribe to them and the alarms that tell them."""
        notifications = Notifications(self._aws)
        if names:
            await self._told("notification", "*", notifications.discover())
            await all_of(self._step("notification", name, notifications.settle(name)) for name in names)
        await all_of(
            [
                *(self._step("queue", queue.name, settle_queue(self._aws, queue, notifications)) for queue in queues),
                *(self._step("alarm", alarm.name, settle_alarm(self._aws, alarm, notifications)) for alarm in alarms),
            ]
        )

    async def _step(self, kind: str, name: str, settling: Awaitable[tuple[Outcome, str]]) -> None:
        outcome, detail = await self._told(kind, name, settling)
        self._report(kind, name, outcome, detail)

    async def _told(self, kind: str, name: str, work: Awaitable[Any]) -> Any:
        """Say AWS's errors as a refusal of the thing they were about."""
        try:
            return await work
        except AwsRefused as error:
            raise Refused(kind, name, str(error), "check its entry in service.yaml") from error
        except AwsUnreachable as error:
            raise Refused(kind, name, str(error), "look at `shop-dev logs aws`") from error


# --- buckets ---------------------------------------------------------------------------------------------------------------


async def settle_bucket(aws: Aws, bucket: Bucket) -> tuple[Outcome, str]:
    """Make the bucket be there with its versioning and expiry. Raises AwsRefused, AwsUnreachable."""
    made = await _make_bucket(aws, bucket.name)
    changes = []
    if bucket.versioned and "Enabled" not in xml_values(await aws.rest("s3", "GET", f"/{bucket.name}?versioning"), "Status"):
        await aws.rest("s3", "PUT", f"/{bucket.name}?versioning", _VERSIONED)
        changes.append("versioned")
    if bucket.expire_days is not None and str(bucket.expire_days) not in await _expiry(aws, bucket.name):
        await aws.rest(
            "s3", "PUT", f"/{bucket.name}?lifecycle", _LIFECYCLE % bucket.expire_days, _md5(_LIFECYCLE % bucket.expire_days)
        )
        changes.append(f"expires after {bucket.expire_days} days")
    return Outcome.MADE if made else Outcome.CHANGED if changes else Outcome.UNCHANGED, ", ".join(changes)


async def _make_bucket(aws: Aws, name: str) -> bool:
    try:
        await aws.rest("s3", "HEAD", f"/{name}")
    except AwsRefused as error:
        if error.status != 404:
            raise
    else:
        return False
    place = f"<LocationConstraint>{aws.region}</LocationConstraint>"  # S3 refuses the constraint for its first region
    body = "" if aws.region == "us-east-1" else f'<CreateBucketConfiguration xmlns="{_S3}">{place}</CreateBucketConfiguration>'
    await aws.rest("s3", "PUT", f"/{name}", body.encode())
    return True


async def _expiry(aws: Aws, name: str) -> list[str]:
    try:
        return xml_values(await aws.rest("s3", "GET", f"/{name}?lifecycle"), "Days")
    except AwsRefused as error:
        if error.code == "NoSuchLifecycleConfiguration" or error.status == 404:
            return []
        raise


def _md5(body: bytes) -> dict[str, str]:
    """Return the checksum that S3 demands with a lifecycle configuration."""
    import base64
    import hashlib

    return {"Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}


_S3 = "http://s3.amazonaws.com/doc/2006-03-01/"
_VERSIONED = f'<VersioningConfiguration xmlns="{_S3}"><Status>Enabled</Status></VersioningConfiguration>'.encode()
_LIFECYCLE = (
    f'<LifecycleConfiguration xmlns="{_S3}"><Rule><ID>expire</ID><Filter><Prefix></Prefix></Filter>'
    "<Status>Enabled</Status><Expiration><Days>%d</Days></Expiration></Rule></LifecycleConfiguration>"
).encode()


# --- parameters and secrets ------------------------------------------------------------------------------------------------


async def settle_parameter(aws: Aws, parameter: Parameter) -> tuple[Outcome, str]:
    """Make the parameter be there. A value that was changed by hand is kept. Raises AwsRefused, AwsUnreachable."""
    try:
        await aws.json("ssm", "GetParameter", {"Name": parameter.name})
    except AwsRefused as error:
        if error.code != "ParameterNotFound":
            raise
        await aws.json("ssm", "PutParameter", {"Name": parameter.name, "Value": parameter.value, "Type": "String"})
        return Outcome.MADE, ""
    return Outcome.UNCHANGED, ""


async def settle_secret(aws: Aws, secret: Secret) -> tuple[Outcome, str]:
    """Make the secret be there, with a value generated once. Raises AwsRefused, AwsUnreachable."""
    try:
        await aws.json("secretsmanager", "DescribeSecret", {"SecretId": secret.name})
    except AwsRefused as error:
        if error.code != "ResourceNotFoundException":
            raise
        await aws.json("secretsmanager", "CreateSecret", {"Name": secret.name, "SecretString": generated(secret.generate)})
        return Outcome.MADE, f"generated ({secret.generate})"
    return Outcome.UNCHANGED, ""


def generated(kind: str) -> str:
    """Return a fresh value of a kind that `needs.secrets` names: `text`, `ed25519` or `rsa`."""
    if kind == "text":
        import secrets

        return secrets.token_urlsafe(32)
    return json.dumps(_key_pair(kind))


def _key_pair(kind: str) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    private = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, 2048)
    return {
        "privateKeyPem": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "publicKeyPem": private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    }
