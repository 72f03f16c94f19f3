"""AWS for services: signed JSON calls over aiohttp, and DynamoDB on top of them.

Own code, since boto3 costs about five times the CPU of a call and its import half of a service's start
(docs/adr/0002-services-stack.md).
"""
