"""A refusal in the details of a gRPC status: what a problem document says over HTTP.

It follows Google's richer error model (https://grpc.io/docs/guides/error/): a `google.rpc.Status` in the trailing metadata, with an
`ErrorInfo` for the kind and a `BadRequest` for the fields.
"""

from __future__ import annotations

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from shop_kit.errors import FieldFault, Refused

KEY = "grpc-status-details-bin"
DOMAIN = "shop"


def details_of(refused: Refused) -> bytes:
    """Return the value of KEY that tells a refusal."""
    reason = refused.kind.upper().replace("-", "_")
    info = ErrorInfo(reason=reason, domain=DOMAIN, metadata={"title": refused.title, "detail": refused.detail or ""})
    status = Status(code=grpc.StatusCode.INVALID_ARGUMENT.value[0], message=str(refused))
    status.details.add().Pack(info)
    if refused.faults:
        faults = BadRequest(
            field_violations=[BadRequest.FieldViolation(field=fault.field, description=fault.message) for fault in refused.faults]
        )
        status.details.add().Pack(faults)
    return bytes(status.SerializeToString())


def refusal_in(details: bytes) -> Refused | None:
    """Return the refusal that such a value tells, None for any other."""
    status, info, faults = Status(), ErrorInfo(), BadRequest()
    try:
        status.ParseFromString(details)
    except DecodeError:
        return None
    for detail in status.details:
        detail.Unpack(info) if detail.Is(ErrorInfo.DESCRIPTOR) else detail.Unpack(faults)
    if info.domain != DOMAIN:
        return None
    return Refused(
        info.metadata["title"],
        kind=info.reason.lower().replace("_", "-"),
        detail=info.metadata["detail"] or None,
        faults=[FieldFault(one.field, one.description) for one in faults.field_violations],
    )
