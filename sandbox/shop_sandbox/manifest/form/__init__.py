"""The form of `service.yaml`: what a service is, said once for the sandbox, the contract graph and Terraform.

These types are the format. The JSON Schema that editors use and the reference page are made from them (`manifest.schema`,
`manifest.reference`), so descriptions here are what a user reads. Names in YAML are camelCase.
"""

from shop_sandbox.manifest.form.contracts import Contracts
from shop_sandbox.manifest.form.deployment import Alarm, Fargate, Gateway, Grant, Local, Route, Slo, TaskCount, Throttling
from shop_sandbox.manifest.form.dynamodb import Index, Key, KeyAttribute, Table
from shop_sandbox.manifest.form.functions import (
    BucketTrigger,
    Function,
    HttpTrigger,
    QueueTrigger,
    ScheduleTrigger,
    TableTrigger,
    TopicTrigger,
    Trigger,
)
from shop_sandbox.manifest.form.identity import Sender, UserPool, UserPoolClient
from shop_sandbox.manifest.form.kafka import ConsumedTopic, ProducedTopic, Topics
from shop_sandbox.manifest.form.messaging import Notification, Queue, QueueDeadLetter, Subscription
from shop_sandbox.manifest.form.needs import Needs
from shop_sandbox.manifest.form.runtime import Build, CommandHealth, HttpHealth, Limits, NoHealth, Runtime, TcpHealth
from shop_sandbox.manifest.form.service import Service, Worker
from shop_sandbox.manifest.form.stores import Bucket, Cache, Database, Parameter, Secret
from shop_sandbox.manifest.form.values import Form

__all__ = [
    "Alarm",
    "Bucket",
    "BucketTrigger",
    "Build",
    "Cache",
    "CommandHealth",
    "ConsumedTopic",
    "Contracts",
    "Database",
    "Fargate",
    "Form",
    "Function",
    "Gateway",
    "Grant",
    "HttpHealth",
    "HttpTrigger",
    "Index",
    "Key",
    "KeyAttribute",
    "Limits",
    "Local",
    "Needs",
    "NoHealth",
    "Notification",
    "Parameter",
    "ProducedTopic",
    "Queue",
    "QueueDeadLetter",
    "QueueTrigger",
    "Route",
    "Runtime",
    "ScheduleTrigger",
    "Secret",
    "Sender",
    "Service",
    "Slo",
    "Subscription",
    "Table",
    "TableTrigger",
    "TaskCount",
    "TcpHealth",
    "Throttling",
    "TopicTrigger",
    "Topics",
    "Trigger",
    "UserPool",
    "UserPoolClient",
    "Worker",
]
