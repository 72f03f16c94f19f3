"""Compatibility of JSON Schemas: whether a reader's schema takes every document that a writer's schema allows.

The verdicts and the names of the differences are those of Confluent's registry, which compares schema by schema and keyword by
keyword. That a difference does harm is shown on a document, where one is found: one version allows it and the other refuses it.
"""
