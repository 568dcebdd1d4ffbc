"""An error of the service, with the details that its status carries."""

from dataclasses import dataclass, field

import grpc

from google.rpc import error_details_pb2, status_pb2

STATUS_DETAILS = "grpc-status-details-bin"


@dataclass
class Refusal:
    """An error as a program sees it."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


def refusal_of(error: grpc.RpcError) -> Refusal:
    refusal = Refusal(error.code(), error.details())
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS:
            status.ParseFromString(value)
    add_details(status, refusal)
    return refusal


def refusal_in(status: status_pb2.Status) -> Refusal:
    """The error that a message carries."""
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    refusal = Refusal(code, status.message)
    add_details(status, refusal)
    return refusal


def add_details(status: status_pb2.Status, refusal: Refusal) -> None:
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(info):
            refusal.reason = info.reason
            refusal.metadata = dict(info.metadata)
        elif detail.Unpack(bad_request):
            refusal.fields = [violation.field for violation in bad_request.field_violations]
