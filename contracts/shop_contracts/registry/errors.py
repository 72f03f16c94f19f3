"""What the registry refuses, with the HTTP status and error code Confluent documents for it.

Codes and their meaning: Schema Registry API Reference, "Errors" of each endpoint, in Confluent's documentation.
"""

from __future__ import annotations


class RegistryError(Exception):
    """An answer that is an error: `status` is HTTP's, `code` is Confluent's `error_code`."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def subject_not_found(subject: str) -> RegistryError:
    """Nothing was ever registered under the subject."""
    return RegistryError(404, 40401, f"Subject '{subject}' not found.")


def version_not_found(version: int) -> RegistryError:
    """The subject has no such version."""
    return RegistryError(404, 40402, f"Version {version} not found.")


def schema_not_found(schema_id: int | str | None = None) -> RegistryError:
    """No schema has the id, or none of the subject is the one asked about."""
    return RegistryError(404, 40403, "Schema not found" if schema_id is None else f"Schema {schema_id} not found")


def subject_soft_deleted(subject: str) -> RegistryError:
    """The subject is deleted softly already."""
    return RegistryError(404, 40404, f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently")


def subject_not_soft_deleted(subject: str) -> RegistryError:
    """A permanent delete comes after a soft one."""
    return RegistryError(404, 40405, f"Subject '{subject}' was not deleted first before being permanently deleted")


def version_soft_deleted(subject: str, version: int) -> RegistryError:
    """The version is deleted softly already."""
    return RegistryError(
        404, 40406, f"Subject '{subject}' Version {version} was soft deleted. Set permanent=true to delete permanently"
    )


def version_not_soft_deleted(subject: str, version: int) -> RegistryError:
    """A permanent delete comes after a soft one."""
    return RegistryError(
        404, 40407, f"Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
    )


def no_subject_level(subject: str) -> RegistryError:
    """The subject has no level of its own; the registry's counts."""
    return RegistryError(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")


def no_subject_mode(subject: str) -> RegistryError:
    """The subject has no mode of its own; the registry's counts."""
    return RegistryError(404, 40409, f"Subject '{subject}' does not have subject-level mode configured")


def incompatible(subject: str, messages: list[str]) -> RegistryError:
    """The schema does not get on with what was registered before; `messages` say where."""
    details = ", ".join(messages)
    return RegistryError(
        409,
        40901,
        f'Schema being registered is incompatible with an earlier schema for subject "{subject}", details: [{details}]',
    )


def invalid_schema(message: str) -> RegistryError:
    """The schema cannot be read, or a reference of it leads nowhere."""
    return RegistryError(422, 42201, f"Invalid schema: {message}")


def invalid_version(version: str) -> RegistryError:
    """The version is neither a number in range nor `latest`."""
    return RegistryError(
        422,
        42202,
        f"The specified version '{version}' is not a valid version id. "
        'Allowed values are between [1, 2^31-1] and the string "latest"',
    )


def invalid_level(level: object) -> RegistryError:
    """There is no such compatibility level."""
    return RegistryError(
        422,
        42203,
        f"Invalid compatibility level {level!r}. Valid values are none, backward, forward, full, backward_transitive, "
        "forward_transitive, and full_transitive",
    )


def invalid_policy(policy: object) -> RegistryError:
    """There is no such compatibility policy."""
    return RegistryError(422, 42203, f"Invalid compatibility policy {policy!r}. Valid values are strict and lenient")


def invalid_mode(mode: object) -> RegistryError:
    """There is no such mode."""
    return RegistryError(
        422, 42204, f"Invalid mode {mode!r}. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, IMPORT, and FORWARD"
    )


def forward_is_global(subject: str | None) -> RegistryError:
    """The mode FORWARD belongs to the global context."""
    return RegistryError(422, 42204, f"Mode FORWARD is for the context :.__GLOBAL: only, not for {subject or 'the registry'}")


def not_permitted(message: str) -> RegistryError:
    """The mode, or what this registry offers, forbids it; `message` says which."""
    return RegistryError(422, 42205, message)


def reference_exists(subject: str, version: int) -> RegistryError:
    """Another schema refers to the version."""
    return RegistryError(
        422, 42206, f"One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
    )


def invalid_subject(subject: str) -> RegistryError:
    """The subject's name cannot be stored."""
    return RegistryError(422, 42208, f"The specified subject {subject!r} is not a valid subject name.")


def invalid_rule_set(message: str) -> RegistryError:
    """A rule says what no rule can say."""
    return RegistryError(422, 42210, f"Invalid rule set: {message}")


def context_not_empty(context: str) -> RegistryError:
    """A context is deleted after all its subjects, permanently."""
    return RegistryError(422, 42211, f"The specified context '{context}' is not empty.")


def association_not_found(resource: str) -> RegistryError:
    """Nothing is associated with the resource."""
    return RegistryError(404, 40410, f"Association for '{resource}' not found.")


def association_of_resource_exists(association_type: str, resource: str) -> RegistryError:
    """The resource has another association of the type."""
    return RegistryError(409, 40903, f"An association of type '{association_type}' already exists for resource '{resource}'")


def association_of_subject_exists(subject: str) -> RegistryError:
    """The subject is associated: it cannot be owned by another resource, nor deleted."""
    return RegistryError(409, 40904, f"An association already exists for subject '{subject}'")


def strong_association_exists(subject: str) -> RegistryError:
    """The subject is owned."""
    return RegistryError(409, 40905, f"A strong association already exists for subject '{subject}'")


def no_active_version(subject: str) -> RegistryError:
    """An associated subject needs a version."""
    return RegistryError(409, 40907, f"No active (non-deleted) version exists for subject '{subject}'")


def association_frozen(association_type: str, subject: str) -> RegistryError:
    """A frozen association does not change."""
    return RegistryError(409, 40908, f"The association of type '{association_type}' is frozen for subject '{subject}'")


def invalid_association(name: str, detail: str) -> RegistryError:
    """A property of an association says what it cannot."""
    return RegistryError(422, 42212, f"The association specified an invalid value for property: '{name}', detail: {detail}")


def malformed(message: str) -> RegistryError:
    """The request is not what the API takes."""
    return RegistryError(400, 400, message)


def unsupported_media_type(media_type: str) -> RegistryError:
    """The body is of a media type that the API does not take."""
    return RegistryError(
        415, 415, f"HTTP 415 Unsupported Media Type: {media_type}. Send the body as application/vnd.schemaregistry.v1+json."
    )


def store_failed(message: str) -> RegistryError:
    """Kafka refused the write."""
    return RegistryError(500, 50001, f"Error in the backend data store: {message}")


def timed_out(message: str) -> RegistryError:
    """The write was not acknowledged in time. It may have happened: a retry finds out, since registering again is harmless."""
    return RegistryError(500, 50002, f"Operation timed out: {message}")


def not_loaded() -> RegistryError:
    """The state is not read yet: a wrong 404 would be worse than this."""
    return RegistryError(
        503, 50003, "The registry has not read its state from Kafka yet. Is Kafka reachable? Try again in a moment."
    )
