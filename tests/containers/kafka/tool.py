#!/usr/bin/env python3
"""The three tools of Kafka that health checks call, by the name it is called under: topics, a producer and a consumer for lines."""

import argparse
import sys
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

parser = argparse.ArgumentParser()
parser.add_argument("--bootstrap-server")
parser.add_argument("--topic")
parser.add_argument("--create", action="store_true")
parser.add_argument("--if-not-exists", action="store_true")
parser.add_argument("--from-beginning", action="store_true")
parser.add_argument("--max-messages", type=int, default=1)
parser.add_argument("--timeout-ms", type=int, default=5000)
asked = parser.parse_args()
broker = {"bootstrap.servers": asked.bootstrap_server, "log_level": 0}

match Path(sys.argv[0]).name:
    case "kafka-topics.sh":
        admin = AdminClient(broker)  # what it was asked ends with it
        (made,) = admin.create_topics([NewTopic(asked.topic, 1, 1)], request_timeout=5).values()
        fault = made.exception()
        if fault is not None and fault.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            sys.exit(str(fault))
    case "kafka-console-producer.sh":
        producer = Producer({**broker, "message.timeout.ms": 5000})
        for line in sys.stdin:
            producer.produce(asked.topic, line.rstrip("\n"))
        sys.exit(1 if producer.flush(5) else 0)
    case "kafka-console-consumer.sh":
        consumer = Consumer({**broker, "group.id": "health", "auto.offset.reset": "earliest", "enable.auto.commit": False})
        consumer.subscribe([asked.topic])
        found = consumer.consume(asked.max_messages, asked.timeout_ms / 1000)
        sys.exit(0 if found and not found[0].error() else 1)
