"""Computes the sample of a keyed sketch as docs/format.md specifies it; standard library only.

    python3 docs/keyed_sample.py KEYFILE K < IDS     one text ID a line; with --integers one number a line

Prints the fingerprint of the key, and count and CRC-32 of the K smallest hashes, as format_reader.py does.
"""
import struct
import sys
import zlib

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
MIXED = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def rotate(word, right, bits):
    return (word >> right | word << (bits - right)) & ((1 << bits) - 1)


def blake3_block(chaining, data, flags):
    """BLAKE3's compression of one block that is a whole chunk and the root."""
    words = struct.unpack("<16I", data.ljust(64, b"\0"))
    v = [*chaining, *IV[:4], 0, 0, len(data), flags | 1 | 2 | 8]
    for _ in range(7):
        for place, (a, b, c, d) in enumerate(MIXED):
            for word, first, second in ((words[2 * place], 16, 12), (words[2 * place + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
                v[d] = rotate(v[d] ^ v[a], first, 32)
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                v[b] = rotate(v[b] ^ v[c], second, 32)
        words = [words[place] for place in ORDER]
    return tuple(low ^ high for low, high in zip(v[:8], v[8:]))


def derive_key(context, key):
    return struct.pack("<8I", *blake3_block(blake3_block(IV, context, 32), key, 64))


def siphash(first, second, data):
    v = [first ^ 0x736F6D6570736575, second ^ 0x646F72616E646F6D, first ^ 0x6C7967656E657261, second ^ 0x7465646279746573]
    blocks = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for block in (*struct.unpack(f"<{len(blocks) // 8}Q", blocks), None):
        v[2 if block is None else 3] ^= 255 if block is None else block
        for _ in range(4 if block is None else 2):
            for a, b, c, d, left, other in ((0, 1, 2, 3, 13, 16), (2, 1, 0, 3, 17, 21)):
                v[a], v[c] = (v[a] + v[b]) % 2**64, (v[c] + v[d]) % 2**64
                v[b], v[d] = rotate(v[b], 64 - left, 64) ^ v[a], rotate(v[d], 64 - other, 64) ^ v[c]
                v[a] = rotate(v[a], 32, 64)
        v[0] ^= block or 0
    return v[0] ^ v[1] ^ v[2] ^ v[3]


if __name__ == "__main__":
    key = bytes.fromhex(open(sys.argv[1]).read().split(":")[1])
    words = struct.unpack("<2Q", derive_key(b"overlap 2026 siphash-2-4 of ids", key)[:16])
    ids = [line.removesuffix(b"\n") for line in sys.stdin.buffer]
    ids = [int(id).to_bytes(8, "little", signed=True) for id in ids] if "--integers" in sys.argv else ids
    smallest = sorted({siphash(*words, id) >> 16 for id in ids})[: int(sys.argv[2])]
    (fingerprint,) = struct.unpack("<Q", derive_key(b"overlap 2026 fingerprint of a key", key)[:8])
    print(f"{fingerprint:016x}", len(smallest), f"{zlib.crc32(struct.pack(f'<{len(smallest)}Q', *smallest)):08x}")
