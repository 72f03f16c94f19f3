"""Protobuf contracts with the modules generated from them, one folder an area and version."""
