"""Parameters, secrets, alarms and senders."""

from __future__ import annotations

from shop_sandbox.manifest.names import ACCOUNT_ID, REGION

from parity.account import Account
from parity.case import case, expect, expect_equal, refused


@case(
    "ssm:PutParameter",
    "ssm:GetParameter",
    says="A parameter has versions; one that is not there is refused with ParameterNotFound, and one that is there, "
    "without Overwrite, with ParameterAlreadyExists.",
)
def parameter_is_kept(account: Account) -> None:
    ssm, name = account.client("ssm"), f"/{account.name()}/a"
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=name)
    ssm.put_parameter(Name=name, Value="1", Type="String")
    found = ssm.get_parameter(Name=name)["Parameter"]
    expect_equal((found["Value"], found["Version"]), ("1", 1), "value and version")
    with refused("ParameterAlreadyExists"):
        ssm.put_parameter(Name=name, Value="2", Type="String")


@case(
    "secretsmanager:CreateSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    says="A secret is made once (ResourceExistsException), described without its value, and read.",
)
def secret_is_made_once(account: Account) -> None:
    secrets, name = account.client("secretsmanager"), account.name()
    for asked in (secrets.describe_secret, secrets.get_secret_value):
        with refused("ResourceNotFoundException"):
            asked(SecretId=name)
    secrets.create_secret(Name=name, SecretString="s")
    expect("SecretString" not in secrets.describe_secret(SecretId=name), "describes it with its value")
    expect_equal(secrets.get_secret_value(SecretId=name)["SecretString"], "s", "the value")
    with refused("ResourceExistsException"):
        secrets.create_secret(Name=name, SecretString="t")


@case("secretsmanager:CreateSecret", says="The same request with the same ClientRequestToken succeeds again with the same version.")
def token_of_a_secret(account: Account) -> None:
    secrets, name, token = account.client("secretsmanager"), account.name(), "0" * 32
    first = secrets.create_secret(Name=name, SecretString="s", ClientRequestToken=token)
    try:
        again = secrets.create_secret(Name=name, SecretString="s", ClientRequestToken=token)
    except secrets.exceptions.ResourceExistsException:
        expect(False, "refuses it with ResourceExistsException")
    else:
        expect_equal(again["VersionId"], first["VersionId"], "the version")


@case(
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:DescribeAlarms",
    says="By its JSON protocol, an alarm is put with its threshold and what it tells, and found by its name; put again "
    "it is replaced.",
)
def alarm_is_put(account: Account) -> None:
    name = account.name()
    expect_equal(account.json("monitoring", "DescribeAlarms", {"AlarmNames": [name]}).get("MetricAlarms", []), [], "alarms before")
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:told"
    wanted = {
        "AlarmName": name,
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": "a"}],
        "Statistic": "Maximum",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 60,
        "Period": 60,
        "EvaluationPeriods": 2,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
    }
    for threshold in (60, 90):
        account.json("monitoring", "PutMetricAlarm", {**wanted, "Threshold": threshold})
        (found,) = account.json("monitoring", "DescribeAlarms", {"AlarmNames": [name]})["MetricAlarms"]
        expect_equal(
            (float(found["Threshold"]), found.get("AlarmActions"), found.get("TreatMissingData")),
            (threshold, [topic], "notBreaching"),
            "threshold, action and missing data",
        )


@case(
    "sesv2:CreateEmailIdentity",
    "sesv2:ListEmailIdentities",
    says="An identity is made once (AlreadyExistsException) and listed, by the request that provisioning makes.",
)
def sender_is_made_once(account: Account) -> None:
    mail, address = account.client("sesv2"), f"{account.name()}@example.com"
    mail.create_email_identity(EmailIdentity=address)
    listed = account.rest_json("ses", "GET", "/v2/email/identities").get("EmailIdentities", [])
    expect(address in [one.get("IdentityName") for one in listed], "does not list it")
    with refused("AlreadyExistsException"):
        mail.create_email_identity(EmailIdentity=address)
