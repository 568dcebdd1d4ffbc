"""The checksum of chunks, of an upload and of an export."""


def crc32c(data: bytes) -> int:
    """Castagnoli's polynomial, reflected; 0xE3069283 for b"123456789"."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def crc32c_entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC32C_TABLE = [crc32c_entry(byte) for byte in range(256)]
