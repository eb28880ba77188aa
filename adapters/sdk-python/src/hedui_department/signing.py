"""Signed answers (Ed25519), with the extra `signing`. Leaves which keys are believed to the operators who pin them.

`python3 -m hedui_department make-key FILE` makes a key and prints what an operator pins.
"""

from __future__ import annotations

import base64
import os
import pathlib
from typing import Any, Dict, Union

from .wire import RESPONSE, encoded

_CONTEXT = b"hedui.department.v1 signed answer\n"
_SECRET_BYTES = 32


class Signer:
    """Signs a department's answers with a key of 32 secret bytes, under the id by which operators pin it."""

    def __init__(self, key_id: str, secret: bytes) -> None:
        try:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError:
            raise ImportError("signing needs the package cryptography: pip install hedui-department[signing]") from None
        if not key_id:
            raise ValueError("a key has an id")
        if len(secret) != _SECRET_BYTES:
            raise ValueError("a key has 32 secret bytes")
        self.key_id = key_id
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public_key = self._key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )

    @classmethod
    def from_file(cls, key_id: str, path: Union[str, "os.PathLike[str]"]) -> "Signer":
        """With the key of a file of 64 hexadecimal digits that nobody else may read."""
        file = pathlib.Path(path)
        if file.stat().st_mode & 0o077:
            raise PermissionError("others may read the key: chmod 600")
        try:
            secret = bytes.fromhex(file.read_text(encoding="ascii").strip())
        except ValueError:
            # The text of the error would hold digits of the key.
            raise ValueError("a key file holds 64 hexadecimal digits") from None
        return cls(key_id, secret)

    def __repr__(self) -> str:
        return f"Signer({self.key_id})"

    def sign(self, department: str, answer: Dict[str, Any]) -> Dict[str, Any]:
        """A `QueryResponse` in JSON that carries another one, signed. The department stands in what is signed, so that a key that serves
        two departments does not let one of them speak for the other."""
        body = encoded(RESPONSE, answer)
        signature = self._key.sign(_CONTEXT + department.encode("utf-8") + b"\n" + body)
        return {
            "queryId": answer["queryId"],
            "signature": base64.b64encode(signature).decode("ascii"),
            "signingKeyId": self.key_id,
            "signedAnswer": base64.b64encode(body).decode("ascii"),
        }


def make_key(path: Union[str, "os.PathLike[str]"]) -> str:
    """Writes a new key into a file that is not there yet and that nobody else may read; gives the public key in hexadecimal digits."""
    secret = os.urandom(_SECRET_BYTES)
    public = Signer("new", secret).public_key.hex()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
    return public
