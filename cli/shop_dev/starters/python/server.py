"""greeter: answers GET /v1/greetings/{name}. It listens where PORT says and reports each request as a span."""

import json
import os
import secrets
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Greeter(BaseHTTPRequestHandler):
    def do_GET(self):
        began = time.time_ns()
        prefix = "/v1/greetings/"
        if self.path in ("/health", "/ready"):
            self.answer(200, {"status": "ok"})
        elif self.path.startswith(prefix) and len(self.path) > len(prefix):
            self.answer(200, {"greeting": f"Hello, {unquote(self.path[len(prefix):])}!"})
            report(self.headers.get("traceparent", ""), "GET /v1/greetings/{name}", began)
        else:
            self.answer(404, {"title": "There is nothing here.", "status": 404})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words):
        pass


def report(traceparent, name, began):
    """Send a span to where OTEL_EXPORTER_OTLP_ENDPOINT says, in the trace that the caller began."""
    _, trace, parent, *_ = (traceparent.split("-") + ["", "", ""])[:4]
    span = {
        "traceId": trace or secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "parentSpanId": parent,
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(began),
        "endTimeUnixNano": str(time.time_ns()),
    }
    service = {"key": "service.name", "value": {"stringValue": os.environ.get("OTEL_SERVICE_NAME", "greeter")}}
    body = {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [span]}]}]}
    threading.Thread(target=send, args=(json.dumps(body).encode(),), daemon=True).start()


def send(body):
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if endpoint:
        connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=5)
        try:
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
            connection.getresponse()
        except OSError as error:
            print(f"the span was not taken: {error}", flush=True)
        finally:
            connection.close()


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Greeter).serve_forever()
