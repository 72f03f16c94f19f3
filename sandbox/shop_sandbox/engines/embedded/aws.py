"""The AWS emulator: MiniStack in a process of its own."""

from __future__ import annotations

import signal

from shop_sandbox.disk import disk_full_explained
from shop_sandbox.engines.driver import ForkLaunch
from shop_sandbox.health import aws as health
from shop_sandbox.manifest.names import ACCOUNT_ID, REGION
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext

EMULATOR_TARGET = "shop_sandbox.engines.embedded.emulator.__main__:main"


class AwsDriver:
    """Runs MiniStack; what it acknowledged is in its journal, see `shop_sandbox.engines.embedded.emulator`."""

    loses_state_when_killed = False
    takes_files_on_trust = True

    def prepare(self, resource: Resource, context: RunContext) -> None:
        home = context.paths.data(resource.name)
        with disk_full_explained(home, "the emulator's data directory"):
            home.mkdir(parents=True, exist_ok=True)

    def launch(self, resource: Resource, context: RunContext) -> ForkLaunch:
        home = context.paths.data(resource.name)
        environment = {
            **context.inherited,
            "GATEWAY_PORT": str(context.endpoints.ports["aws"]),
            "BIND_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(home / "keys"),
            "SHOP_JOURNAL": str(home / "journal"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(home / "s3"),
            "AWS_ACCESS_KEY_ID": context.credentials.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": context.credentials.aws_secret_access_key,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            # Listeners of their own, on fixed ports and all interfaces.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # It removes containers with its label at start and stop, those of other sandboxes too. Here nothing runs in containers.
            "DOCKER_HOST": f"unix://{home / 'no-docker.sock'}",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "WARNING",
        }
        return ForkLaunch(
            target=EMULATOR_TARGET,
            environment=environment,
            cwd=home,
            death_signal=signal.SIGTERM,
            saves_at_stop=True,
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        health.probe(context.endpoints.ports[resource.name], context.credentials.aws_access_key_id)

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return health.read_stamp(context.endpoints.ports[resource.name], context.credentials.aws_access_key_id)

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        health.write_stamp(context.endpoints.ports[resource.name], context.credentials.aws_access_key_id, stamp)

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""
