"""Logs as JSON lines on stdout, each with the service, the correlation id and the trace it belongs to."""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import TextIO

import msgspec
from opentelemetry import trace

from shop_kit import context

_SECRETS = re.compile(
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"  # a JSON Web Token
    r"|\btok_\w+"  # a payment method token
    r"|(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])"  # digits as long as a card number
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object: time, level, service, logger, message, correlation, order and trace ids, its extras.

    What looks like a token or a card number is masked wherever it stands: no log line may carry one.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON without its line end."""
        work = context.current()
        span = trace.get_current_span().get_span_context()
        line: dict[str, object] = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        if work.correlation_id:
            line["correlation_id"] = work.correlation_id
        if work.order_id:
            line["order_id"] = work.order_id
        if span.is_valid:
            line["trace_id"] = trace.format_trace_id(span.trace_id)
            line["span_id"] = trace.format_span_id(span.span_id)
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[name] = mask(value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = mask(self.formatException(record.exc_info))
        return msgspec.json.encode(line, enc_hook=str).decode()


def mask(text: str) -> str:
    """Return the text with everything that looks like a token or a card number replaced by `***`."""
    return _SECRETS.sub("***", text)


def configure_logging(service: str, level: str, stream: TextIO = sys.stdout) -> None:
    """Send all logging of this process to `stream` as JSON lines. Libraries are heard from warnings upwards."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("shop_kit", "shop_services"):
        logging.getLogger(name).setLevel(level.upper())


def _timestamp(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1_000_000):06d}Z"
