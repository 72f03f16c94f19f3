// greeter: answers GET /v1/greetings/{name}. It listens where PORT says and reports each request as a span.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

const prefix = "/v1/greetings/";

const server = createServer((request, response) => {
  const began = process.hrtime.bigint();
  const at = BigInt(Date.now()) * 1_000_000n;
  if (request.url === "/health" || request.url === "/ready") {
    answer(response, 200, { status: "ok" });
  } else if (request.method === "GET" && request.url.startsWith(prefix) && request.url.length > prefix.length) {
    answer(response, 200, { greeting: `Hello, ${decodeURIComponent(request.url.slice(prefix.length))}!` });
    report(request.headers.traceparent ?? "", "GET /v1/greetings/{name}", at, process.hrtime.bigint() - began);
  } else {
    answer(response, 404, { title: "There is nothing here.", status: 404 });
  }
});

function answer(response, status, body) {
  response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(body));
}

// Sends a span to where OTEL_EXPORTER_OTLP_ENDPOINT says, in the trace that the caller began.
async function report(traceparent, name, startedAt, nanoseconds) {
  const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!endpoint) return;
  const [, trace, parent] = traceparent.split("-");
  const span = {
    traceId: trace || randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    parentSpanId: parent ?? "",
    name,
    kind: 2,
    startTimeUnixNano: `${startedAt}`,
    endTimeUnixNano: `${startedAt + nanoseconds}`,
  };
  const service = { key: "service.name", value: { stringValue: process.env.OTEL_SERVICE_NAME ?? "greeter" } };
  const body = { resourceSpans: [{ resource: { attributes: [service] }, scopeSpans: [{ spans: [span] }] }] };
  try {
    await fetch(`${endpoint}/v1/traces`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch (error) {
    console.log(`the span was not taken: ${error.message}`);
  }
}

server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
