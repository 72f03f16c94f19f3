"""The cases, by service. Importing this package has them all in `parity.case.CASES`."""

from parity.cases import cognito, dynamodb, functions, gateway, messaging, others, s3

__all__ = ["cognito", "dynamodb", "functions", "gateway", "messaging", "others", "s3"]
