"""Reads sketch files as docs/format.md specifies them; standard library and pyarrow only.

    python3 docs/format_reader.py FILE...        one JSON line a row
    python3 docs/format_reader.py --check FILE   the same, nothing printed
"""
import json
import struct
import sys
import unicodedata
import zlib

HASHES = {1: ("xxh3", 0x37D626B478C5E5C9, 48), 2: ("murmur3", 0xBEE71E7F51B9E1D5, 63), 4: ("siphash-2-4", None, 48)}
ID_TYPES = {0: None, 1: "integer", 2: "string", 3: "binary"}
OWN = ("rows", "nulls", "users", "hll", "sample", "spelling")


class Corrupt(Exception):
    """What isn't as the specification says."""


def ensure(holds, message):
    if not holds:
        raise Corrupt(message)


class Bits:
    """A bit stream, the lowest bit of a byte first."""

    def __init__(self, data):
        self.word, self.left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count):
        ensure(count <= self.left, "bits are missing")
        value = self.word & ((1 << count) - 1)
        self.word >>= count
        self.left -= count
        return value

    def rice(self, parameter):
        ensure(self.word != 0, "bits are missing")
        zeros = (self.word & -self.word).bit_length() - 1
        self.take(zeros + 1)
        return zeros << parameter | self.take(parameter)

    def finish(self):
        ensure(self.left < 8 and self.word == 0, "surplus bits")


class Chunks:
    """The same stream, but fast for long ones: the big integer is cut into pieces."""

    def __init__(self, data):
        self.data, self.at, self.bits = data, 0, Bits(b"")

    def refill(self):
        # Enough for a run of zeros up to its one, and for the low bits behind it.
        while self.at < len(self.data) and (self.bits.left < 512 or self.bits.word >> 64 == 0):
            piece = self.data[self.at : self.at + 64]
            self.bits.word |= int.from_bytes(piece, "little") << self.bits.left
            self.bits.left += 8 * len(piece)
            self.at += len(piece)

    def rice(self, parameter):
        self.refill()
        return self.bits.rice(parameter)

    def take(self, count):
        self.refill()
        return self.bits.take(count)

    def finish(self):
        ensure(self.at == len(self.data), "surplus bytes")
        self.bits.finish()


def parameter(end, count):
    return (end // max(count, 1)).bit_length() - 1


def header(blob, magic):
    ensure(len(blob) >= 20, "cut short")
    found, version, scheme, id_type, own, fingerprint = struct.unpack_from("<4sBBBBQ", blob)
    ensure(found == magic, f"magic {found!r}")
    ensure(version in (1, 2, 3), f"version {version}")
    (checksum,) = struct.unpack("<I", blob[-4:])
    ensure(zlib.crc32(blob[:-4]) == checksum, "wrong checksum")
    ensure(scheme in HASHES and id_type in ID_TYPES, "unknown hash or id type")
    ensure((scheme == 4) == (version == 3), "keyed hashes are of version 3, and no others are")
    ensure(HASHES[scheme][1] in (fingerprint, None), "wrong fingerprint")
    profile, body = "", blob[16:-4]
    if version > 1:
        length = int.from_bytes(body[:2], "little")
        ensure(length or version == 3, "no profile")
        ensure(length <= 1024 and len(body) >= 2 + length, "length of the profile")
        try:
            profile = body[2 : 2 + length].decode()
        except UnicodeDecodeError:
            raise Corrupt("a profile that isn't text") from None
        ensure(not any(unicodedata.category(letter) == "Cc" for letter in profile), "control characters")
        body = body[2 + length :]
    return scheme, id_type, own, profile, body


def sparse_bytes(ranks):
    """How long the sparse form would be."""
    places = [index for index, rank in enumerate(ranks) if rank]
    t = parameter(len(ranks), len(places))
    before = [-1] + places[:-1]
    gaps = (index - last - 1 for index, last in zip(places, before))
    return 5 + (sum((gap >> t) + 1 + t + 6 for gap in gaps) + 7) // 8


def registers(blob):
    scheme, id_type, p, profile, body = header(blob, b"OVLR")
    ensure(4 <= p <= 24 and body, f"precision {p}")
    m, bits, ranks = 1 << p, Chunks(body[1:]), bytearray(1 << p)
    if body[0] == 0:
        ensure(len(body) == 1 + m * 6 // 8, "length of dense registers")
        for index in range(m):
            ranks[index] = bits.take(6)
        is_shorter = 1 + m * 6 // 8 <= sparse_bytes(ranks)
    else:
        ensure(body[0] == 1 and len(body) >= 5, "unknown form")
        (count,) = struct.unpack_from("<I", body, 1)
        bits, index = Chunks(body[5:]), -1
        ensure(7 * count <= 8 * len(body), "count of set registers")
        for _ in range(count):
            index += 1 + bits.rice(parameter(m, count))
            rank = bits.take(6)
            ensure(index < m and rank > 0, "a register out of range")
            ranks[index] = rank
        is_shorter = len(body) < 1 + m * 6 // 8
    bits.finish()
    ensure(is_shorter, "not in the shorter form")
    ensure(max(ranks) <= (63 if scheme == 2 else 64 - p + 1), "a rank too large")
    digest = f"{zlib.crc32(bytes(ranks)):08x}"
    return (scheme, id_type, profile), {"p": p, "set": m - ranks.count(0), "digest": digest}


def sample(blob):
    scheme, id_type, reserved, profile, body = header(blob, b"OVLS")
    ensure(reserved == 0 and len(body) >= 16, "cut short")
    k, n, theta = struct.unpack_from("<IIQ", body)
    one = 1 << HASHES[scheme][2]
    ensure(16 <= k <= 1 << 24 and n <= k and 1 <= theta <= one, f"k {k}, n {n}, theta {theta}")
    ensure(scheme == 2 or theta == one or n == k, "fewer than k hashes below theta")
    t, bits, last, hashes = parameter(theta, n), Chunks(body[16:]), -1, bytearray()
    ensure(n * (t + 1) <= 8 * len(body), "count of hashes")
    for _ in range(n):
        last += 1 + bits.rice(t)
        ensure(last < theta, "a hash at or above theta")
        hashes += struct.pack("<Q", last)
    bits.finish()
    digest = f"{zlib.crc32(bytes(hashes)):08x}"
    return (scheme, id_type, profile), {"k": k, "n": n, "theta": theta, "digest": digest}


def row(values):
    parts = {}
    if values["hll"] is not None:
        parts["registers"] = registers(values["hll"])
    if values["sample"] is not None:
        parts["sample"] = sample(values["sample"])
    ensure(parts, "neither registers nor sample")
    kinds = {kind for kind, _ in parts.values()}
    fingerprints = {values[name][8:16] for name in ("hll", "sample") if values[name] is not None}
    ensure(len(kinds) == 1 and len(fingerprints) == 1, "registers and sample of different sketches")
    scheme, id_type, profile = kinds.pop()
    segment = {name: value for name, value in values.items() if name not in OWN}
    return {
        "segment": {name: None if value is None else str(value) for name, value in segment.items()},
        "rows": values.get("rows"),
        "nulls": values.get("nulls"),
        "hash": HASHES[scheme][0],
        **({"key": f"{int.from_bytes(fingerprints.pop(), 'little'):016x}"} if scheme == 4 else {}),
        "id_type": ID_TYPES[id_type],
        **({"profile": profile} if profile else {}),
        "registers": parts["registers"][1] if "registers" in parts else None,
        "sample": parts["sample"][1] if "sample" in parts else None,
    }


def main(arguments):
    import pyarrow.parquet

    quiet = "--check" in arguments
    for path in (argument for argument in arguments if argument != "--check"):
        table = pyarrow.parquet.read_table(path, partitioning=None)
        for number, values in enumerate(table.to_pylist()):
            try:
                line = json.dumps(row(values))
            except Corrupt as error:
                sys.exit(f"{path}, row {number}: {error}")
            if not quiet:
                print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
