# SPDX-License-Identifier: Apache-2.0
"""What frames store, back to what a host wrote: sections 3 and 14 of docs/cartridge-format.md."""
import ctypes
import struct
import zlib

ENVELOPE = struct.Struct("<8sBBBBII12sQ16s4BB19s")


def unpack(library, function, data, size):
    out, call = ctypes.create_string_buffer(size), getattr(ctypes.CDLL(library), function)
    n, room = ctypes.c_size_t(len(data)), ctypes.c_size_t(size)
    got = call(data, out, n, room) if "LZ4" in function else call(out, room, data, n)  # < 0, or huge: an error
    return out.raw[:got] if 0 <= got <= size else b""


UNPACK = {1: lambda data, size: zlib.decompress(data),
          2: lambda *block: unpack("liblz4.so.1", "LZ4_decompress_safe", *block),
          3: lambda *block: unpack("libzstd.so.1", "ZSTD_decompress", *block)}


class Sealed(bytes):
    """The envelope of an encrypted block of which we do not have the key."""


def can_open():
    try:
        import cryptography  # noqa: F401
        return True
    except ImportError:
        return False


def opened(data, f, key):
    """The packed block in the envelope of frame f; Sealed without its key; None where it is damaged."""
    if len(data) < ENVELOPE.size:
        return None
    (magic, version, cipher, codec, flags, logical, packed, nonce, number, _, *kads, _, reserved) = ENVELOPE.unpack_from(data)
    head = ENVELOPE.size + sum(kads)
    if (magic, version, cipher, codec, logical) != (b"VTLENC01", 1, 1, f.codec, f.logical_size) or flags > 1 \
            or any(reserved) or len(data) != head + 8 + packed + 16 or not (packed == logical if codec == 0 else packed < logical):
        return None
    if key is None:
        return Sealed(data)
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    check = Cipher(algorithms.AES(key), modes.CTR(nonce + struct.pack(">I", 2))).decryptor().update(data[head:head + 8])
    if any(check):
        return Sealed(data)  # of another key
    try:
        return AESGCM(key).decrypt(nonce, data[head:], data[:head])[8:] if number == f.object else None
    except InvalidTag:
        return None
