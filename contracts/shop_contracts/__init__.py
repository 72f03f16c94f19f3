"""Contracts of the shop and the tools that hold them: Protobuf, OpenAPI, AsyncAPI, compatibility, the Schema Registry."""
