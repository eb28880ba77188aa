"""A department as a plugin of hedui. Leaves asking, evidence and verdicts to hedui."""

from .department import (
    Answer,
    Department,
    Failed,
    Limits,
    Person,
    Question,
    failed,
    found,
    identity_mismatch,
    no_record,
    over_limit,
    pending,
    within_limit,
)
from .grpc import serve_grpc
from .http import serve_http
from .lines import serve_lines
from .money import Money, fen, wan_yuan, yuan
from .records import Record, record
from .signing import Signer

__all__ = [
    "Answer",
    "Department",
    "Failed",
    "Limits",
    "Money",
    "Person",
    "Question",
    "Record",
    "Signer",
    "failed",
    "fen",
    "found",
    "identity_mismatch",
    "no_record",
    "over_limit",
    "pending",
    "record",
    "serve_grpc",
    "serve_http",
    "serve_lines",
    "wan_yuan",
    "within_limit",
    "yuan",
]
