"""User pools, senders, alarms and routes from manifests, on the real emulator: used as their users use them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import httpx
import jwt
import pytest
from fakes.browser import Browser
from fakes.provisioning import Bench, Told

pytestmark = pytest.mark.integration

WRITERS = """\
needs:
  notifications: [{name: delays-{x}}]
  userPools:
    - name: writers-{x}
      passwordMinLength: 8
      domain: writers-{x}
      scopes: [post-{x}/write]
      clients:
        - {name: web, flows: [password, refresh]}
        - name: reader
          flows: [authorization-code, refresh]
          scopes: [post-{x}/write]
          callbackUrls: ["http://localhost:3000/back"]
          accessTokenMinutes: 10
        - {name: robot, flows: [client-credentials], scopes: [post-{x}/write], secret: true}
  senders: [{name: desk, identity: desk-{x}@post.example}]
routes:
  - {method: GET, path: "/{x}/letters/{id}"}
  - {method: GET, path: "/{x}/drafts", userPool: writers-{x}}
alarms:
  - {name: dead-{x}, namespace: Post, metric: Dead-{x}, threshold: 0, notifies: delays-{x}}
  - {name: slow-{x}, namespace: Post, metric: Seconds, dimensions: {of: "{x}"}, statistic: p99, threshold: 0.5, periods: 3}
"""


class Letters(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    """The process of the service: it answers with the path it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Letters)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def provision(bench: Bench, service: str) -> Told:
    return bench.provision("aws", **{f"SHOP_SVC_{bench.x.upper()}_URL": service})


def client(bench: Bench, name: str) -> Any:
    environment = bench.environment
    return boto3.client(
        name,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def variable(bench: Bench, rest: str = "") -> str:
    return bench.told[f"SHOP_USER_POOL_WRITERS_{bench.x.upper()}{rest}"]


def sign_in(bench: Bench) -> str:
    """A new user's access token."""
    cognito, pool = client(bench, "cognito-idp"), variable(bench)
    cognito.admin_create_user(UserPoolId=pool, Username="ada@post.example", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ada@post.example", Password="Letters-1815!", Permanent=True)
    answer = cognito.initiate_auth(
        ClientId=variable(bench, "_CLIENT_WEB"),
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada@post.example", "PASSWORD": "Letters-1815!"},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def test_a_second_run_changes_nothing(bench: Bench, service: str) -> None:
    bench.says(WRITERS)

    first, second = provision(bench, service), provision(bench, service)

    assert (first.status, first.refused) == (second.status, second.refused) == (0, "")
    assert {(kind, outcome) for kind, _, outcome in first.outcomes} == {
        (kind, "made") for kind in ("notification", "user pool", "sender", "route", "alarm")
    }
    assert len(first.outcomes) == 7
    assert second.outcomes == {(kind, name, "unchanged") for kind, name, _ in first.outcomes}


def test_a_user_signs_in_at_the_pool_and_the_token_is_proved_by_its_keys(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)

    token = sign_in(bench)

    keys = jwt.PyJWKClient(variable(bench, "_JWKS_URL"))
    claims = jwt.decode(token, keys.get_signing_key_from_jwt(token), algorithms=["RS256"], issuer=variable(bench, "_ISSUER"))
    assert claims["client_id"] == variable(bench, "_CLIENT_WEB")


def test_a_browser_signs_a_user_in_on_the_pools_own_page_and_proves_itself_by_pkce(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)
    sign_in(bench)
    reader, pages = variable(bench, "_CLIENT_READER"), variable(bench, "_LOGIN_URL")
    browser = Browser(pages, reader, "http://localhost:3000/back", f"openid post-{bench.x}/write")

    code = browser.sign_in("ada@post.example", "Letters-1815!")
    guessed = browser.token(code, verifier="guessed")
    token = browser.token(code)
    again = browser.token(code)

    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert (claims["client_id"], {*claims["scope"].split()}) == (reader, {"openid", f"post-{bench.x}/write"})
    assert claims["exp"] - claims["iat"] == 600
    assert (guessed["error"], again["error"]) == ("invalid_grant", "invalid_grant")


def test_a_browser_is_sent_back_nowhere_but_where_the_manifest_says(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)
    elsewhere = Browser(variable(bench, "_LOGIN_URL"), variable(bench, "_CLIENT_READER"), "https://evil.example/back", "openid")

    assert elsewhere.opened().status_code == 400


def test_a_changed_pool_is_mended_and_keeps_its_users(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)
    sign_in(bench)
    pool = variable(bench)
    bench.says(WRITERS.replace("passwordMinLength: 8", "passwordMinLength: 10").replace("[password, refresh]", "[srp]"))

    told = provision(bench, service)

    cognito = client(bench, "cognito-idp")
    assert told.detail(f"writers-{bench.x}") == "passwordMinLength, client web"
    assert variable(bench) == pool
    assert [one["Username"] for one in cognito.list_users(UserPoolId=pool)["Users"]] != []
    web = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=variable(bench, "_CLIENT_WEB"))["UserPoolClient"]
    assert web["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]


def test_a_route_leads_to_the_service_and_demands_a_token_where_it_says_so(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)
    api = bench.told["SHOP_API_URL"]

    letter = httpx.get(f"{api}/{bench.x}/letters/7")
    refused = httpx.get(f"{api}/{bench.x}/drafts")
    let_in = httpx.get(f"{api}/{bench.x}/drafts", headers={"Authorization": f"Bearer {sign_in(bench)}"})

    assert (letter.status_code, letter.text) == (200, f"/{bench.x}/letters/7")
    assert refused.status_code == 401
    assert (let_in.status_code, let_in.text) == (200, f"/{bench.x}/drafts")


def test_a_service_sends_mail_as_its_sender(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)

    sent = client(bench, "sesv2").send_email(
        FromEmailAddress=f"desk-{bench.x}@post.example",
        Destination={"ToAddresses": ["ada@post.example"]},
        Content={"Simple": {"Subject": {"Data": "Late"}, "Body": {"Text": {"Data": "Sorry."}}}},
    )

    assert sent["MessageId"]


def test_an_alarm_is_as_the_manifest_says(bench: Bench, service: str) -> None:
    bench.says(WRITERS)
    provision(bench, service)

    alarms = client(bench, "cloudwatch").describe_alarms(AlarmNames=[f"dead-{bench.x}", f"slow-{bench.x}"])["MetricAlarms"]

    dead, slow = sorted(alarms, key=lambda alarm: str(alarm["AlarmName"]))
    assert dead["AlarmActions"] == [f"arn:aws:sns:eu-west-1:000000000000:delays-{bench.x}"]
    assert (dead["Statistic"], dead["ComparisonOperator"], dead["TreatMissingData"]) == (
        "Sum",
        "GreaterThanThreshold",
        "notBreaching",
    )
    assert (slow["ExtendedStatistic"], slow["Threshold"], slow["EvaluationPeriods"]) == ("p99", 0.5, 3)
