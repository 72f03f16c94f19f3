"""Where provisioning calls AWS: at one endpoint, but for services that have a variable of their own."""

from __future__ import annotations

from shop_sandbox.provision.aws_api import AwsAccount

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://localstack:4566/",
}


def test_everything_is_at_one_endpoint() -> None:
    account = AwsAccount.from_environment(ENVIRONMENT)

    assert {account.endpoint_of(service) for service in ("dynamodb", "cognito-idp", "apigateway")} == {"http://localstack:4566"}


def test_services_with_a_variable_of_their_own_are_where_that_says() -> None:
    beside = {
        "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://ministack:4566/",
        "AWS_ENDPOINT_URL_APIGATEWAYV2": "http://ministack:4566",
    }

    account = AwsAccount.from_environment(ENVIRONMENT | beside)

    assert account.endpoint_of("cognito-idp") == account.endpoint_of("apigateway") == "http://ministack:4566"
    assert account.endpoint_of("dynamodb") == "http://localstack:4566"
