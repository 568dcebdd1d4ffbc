"""HTTP/2 by hand, for what no client library would send."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_HEADERS, END_STREAM = 4, 1
ENHANCE_YOUR_CALM = 11
CANCEL = struct.pack(">I", 8)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header that no table keeps."""
    return b"\x00" + _length(name) + name + _length(value) + value


def _length(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)])
    encoded, rest = b"\x7f", len(text) - 127
    while rest >= 128:
        encoded += bytes([rest % 128 + 128])
        rest //= 128
    return encoded + bytes([rest])


def call_headers(path: bytes) -> bytes:
    """Those that open a call of a method."""
    return b"".join(
        literal(name, value)
        for name, value in (
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path),
            (b":authority", b"localhost"),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
        )
    )


class Connection:
    """A socket to a server on loopback."""

    def __init__(self, address: str) -> None:
        host, port = address.split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=30)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, content: bytes) -> None:
        """What the server does not take any more is dropped."""
        try:
            self._socket.sendall(content)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def read_some(self) -> bytes:
        """What comes first."""
        return self._socket.recv(1 << 16)

    def read_to_end(self) -> bytes:
        """Until the server closes the connection; fails where it is silent for 30 seconds."""
        content = b""
        try:
            while piece := self._socket.recv(1 << 16):
                content += piece
        except ConnectionResetError:
            pass
        return content


def goaway_of(content: bytes) -> tuple[int, bytes]:
    """Code and text of the first GOAWAY frame."""
    while content:
        length, kind = int.from_bytes(content[:3], "big"), content[3]
        if kind == GOAWAY:
            return struct.unpack(">I", content[13:17])[0], content[17 : 9 + length]
        content = content[9 + length :]
    raise AssertionError("there is no GOAWAY")
