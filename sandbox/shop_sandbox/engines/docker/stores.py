"""Each store as a container: its image, how it is set up, where it keeps its data, and how it shows that it does its work.

The variables are those that the images' own documentation names:
https://github.com/apache/kafka/blob/trunk/docker/examples/README.md, https://hub.docker.com/_/postgres,
https://hub.docker.com/r/valkey/valkey, https://github.com/ministackorg/ministack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shop_sandbox.credentials import Credentials, database_account
from shop_sandbox.engines.docker.images import KAFKA, LOCALSTACK, MINISTACK, POSTGRES, VALKEY, Image
from shop_sandbox.environment import DATABASE_ADMINISTRATOR
from shop_sandbox.manifest.names import ACCOUNT_ID, REGION

KAFKA_PORT, KAFKA_HOST_PORT, _KAFKA_CONTROLLER_PORT = 9092, 19092, 9093
"""Inside: for other containers, for programs of the machine that Docker runs on, and Kafka's own."""
POSTGRES_PORT, REDIS_PORT, AWS_PORT = 5432, 6379, 4566
PORTS_INSIDE = {"kafka": KAFKA_PORT, "postgres": POSTGRES_PORT, "redis": REDIS_PORT, "aws": AWS_PORT}


@dataclass(frozen=True)
class StoreContainer:
    """A store in a container.

    `port` is where it listens inside for other containers, `host_port` for programs of the machine. `data` is the folder inside
    that a volume keeps. `health` is a command that ends with 0 when the real work is done, run inside.
    """

    image: Image
    port: int
    data: str
    health: tuple[str, ...]
    memory_mib: int
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    host_port: int = 0
    seconds_to_stop: int = 10

    @property
    def published(self) -> int:
        """Which port inside is published on the machine's loopback."""
        return self.host_port or self.port


# --- Kafka -------------------------------------------------------------------------------------------------------------------

KAFKA_DATA = "/var/lib/kafka/data"
_KAFKA_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": f"1@localhost:{_KAFKA_CONTROLLER_PORT}",
    "controller.quorum.election.timeout.ms": "100",
    "controller.quorum.election.backoff.max.ms": "100",
    "controller.listener.names": "CONTROLLER",
    "listeners": f"CONTAINER://:{KAFKA_PORT},HOST://:{KAFKA_HOST_PORT},CONTROLLER://localhost:{_KAFKA_CONTROLLER_PORT}",
    "listener.security.protocol.map": "CONTAINER:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CONTAINER",
    "log.dirs": KAFKA_DATA,
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.streams.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}
_KAFKA_WORKS = (
    f"test -e /tmp/worked && exec 3<>/dev/tcp/localhost/{KAFKA_PORT} && exit; "
    f"bin=/opt/kafka/bin; at='--bootstrap-server localhost:{KAFKA_PORT} --topic __shop_dev_health'; "
    "$bin/kafka-topics.sh $at --create --if-not-exists >/dev/null && echo works | $bin/kafka-console-producer.sh $at "
    "&& $bin/kafka-console-consumer.sh $at --from-beginning --max-messages 1 --timeout-ms 5000 >/dev/null && touch /tmp/worked"
)
"""A record goes in and comes out, once: each of Kafka's own tools is a JVM. From then on that it listens is enough."""


def kafka(*, told_to_host: str, told_to_containers: str) -> StoreContainer:
    """Return a broker that is its own controller. Each kind of client is told where it finds it (`host:port`)."""
    settings = {**_KAFKA_SETTINGS, "advertised.listeners": f"CONTAINER://{told_to_containers},HOST://{told_to_host}"}
    return StoreContainer(
        KAFKA,
        KAFKA_PORT,
        data=KAFKA_DATA,
        health=("bash", "-c", _KAFKA_WORKS),
        memory_mib=768,
        environment={
            **{f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()},
            "KAFKA_HEAP_OPTS": "-Xmx256m -Xms64m",
        },
        host_port=KAFKA_HOST_PORT,
    )


# --- PostgreSQL and Valkey ---------------------------------------------------------------------------------------------------


def postgres(credentials: Credentials) -> StoreContainer:
    """Return a server with database `shop` of the administrator, who alone is let in at first.

    The health check goes over TCP: while the image initialises, a server of its own listens on its socket only.
    """
    password = credentials.password(database_account(DATABASE_ADMINISTRATOR))
    written = "CREATE TEMP TABLE probe AS SELECT 1"
    return StoreContainer(
        POSTGRES,
        POSTGRES_PORT,
        data="/var/lib/postgresql",
        health=("psql", f"postgresql://{DATABASE_ADMINISTRATOR}:{password}@127.0.0.1/shop", "-qc", written),
        memory_mib=512,
        environment={"POSTGRES_USER": DATABASE_ADMINISTRATOR, "POSTGRES_PASSWORD": password, "POSTGRES_DB": "shop", "TZ": "UTC"},
        command=("postgres", "-c", "max_connections=100", "-c", "jit=off", "-c", "io_method=sync"),
    )


def redis(credentials: Credentials) -> StoreContainer:
    """Return a Valkey server that has written to its append-only file before it answers."""
    password = credentials.password("redis")
    settings = {"requirepass": password, "save": "", "appendonly": "yes", "appendfsync": "no"}
    written = f"test \"$(valkey-cli --no-auth-warning -a '{password}' SET shop-dev:probe 1 EX 60)\" = OK"
    return StoreContainer(
        VALKEY,
        REDIS_PORT,
        data="/data",
        health=("sh", "-c", written),
        memory_mib=256,
        command=("valkey-server", *(word for name, value in settings.items() for word in (f"--{name}", value))),
    )


# --- AWS ---------------------------------------------------------------------------------------------------------------------

_ROWS_ARE_KEPT = """
import json, urllib.request
def call(operation, **body):
    request = urllib.request.Request("http://localhost:4566/", json.dumps(body).encode(), {{
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + operation,
        "Authorization": "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/dynamodb/aws4_request,SignedHeaders=a,Signature=0"}})
    return json.load(urllib.request.urlopen(request, timeout=2))
table, key = "shop-dev-health", {{"pk": {{"S": "probe"}}}}
if table not in call("ListTables")["TableNames"]:
    call("CreateTable", TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{{"AttributeName": "pk", "KeyType": "HASH"}}],
         AttributeDefinitions=[{{"AttributeName": "pk", "AttributeType": "S"}}])
call("PutItem", TableName=table, Item=key)
assert call("GetItem", TableName=table, Key=key)["Item"] == key
""".strip()
"""A row goes in and comes out. Both emulators are written in Python, so their images have one."""


def ministack(*, key_id: str, secret_key: str) -> StoreContainer:
    """Return MiniStack, with what it keeps in the volume; a SIGKILL loses what came since its start."""
    return StoreContainer(
        MINISTACK,
        AWS_PORT,
        data="/tmp/ministack-data",  # noqa: S108  # nosec B108 # the image's own
        health=_python(_ROWS_ARE_KEPT.format(key=key_id, region=REGION)),
        memory_mib=512,
        environment={
            "GATEWAY_PORT": str(AWS_PORT),
            "PERSIST_STATE": "1",
            "STATE_DIR": "/tmp/ministack-data/state",  # noqa: S108  # nosec B108 # the image's own
            "S3_PERSIST": "1",
            "S3_DATA_DIR": "/tmp/ministack-data/s3",  # noqa: S108  # nosec B108 # the image's own
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            "LAMBDA_EXECUTOR": "local",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        },
        seconds_to_stop=60,
    )


def localstack(*, key_id: str) -> StoreContainer:
    """Return LocalStack. It keeps everything in memory: persistence wants an account."""
    return StoreContainer(
        LOCALSTACK,
        AWS_PORT,
        data="/var/lib/localstack",
        health=_python(_ROWS_ARE_KEPT.format(key=key_id, region=REGION)),
        memory_mib=1024,
        environment={"SERVICES": "dynamodb,dynamodbstreams,s3,sqs,sns,ssm,secretsmanager,ses,cloudwatch,lambda,events,iam,sts"},
    )


def _python(program: str) -> tuple[str, ...]:
    return ("python3", "-c", program)
