"""Rules of spelling beside Python's own libraries, on 100,000 generated values a rule."""

import base64
import hashlib
import random
import unicodedata
import uuid

import phonenumbers
import pyarrow as pa
import pytest

import overlap

VALUES = 100_000
LETTERS = "abcXYZäÖßÉñ0123456789éあ漢字Ως"
BLANKS = [" ", "\t", "\u00a0", "\u3000", "\ufeff", "\u200b", ""]


def texts(seed):
    """Texts with blanks around them, marks that compose, and digits of full width."""
    rng = random.Random(seed)
    for i in range(VALUES):
        text = "".join(rng.choices(LETTERS, k=rng.randint(1, 8))) + str(i)
        if i % 3 == 0:
            text = unicodedata.normalize("NFD", text)
        if i % 5 == 0:
            text = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in text)
        yield rng.choice(BLANKS) + text + rng.choice(BLANKS)


def trim(text):
    blanks = "".join(BLANKS) + " \t\n\v\f\r\u0085\u1680\u2028\u2029\u202f\u205f" + "".join(map(chr, range(0x2000, 0x200B)))
    return text.strip(blanks)


def digits(text):
    kept = "".join(chr(ord(c) - 0xFEE0) if "\uff10" <= c <= "\uff19" else c for c in text)
    return "".join(c for c in kept if c.isascii() and c.isdigit())


def email(text):
    return trim(text).lower()


def google(text, domains=("gmail.com", "googlemail.com")):
    local, domain = email(text).split("@")
    return (local.split("+")[0].replace(".", "") if domain in domains else local) + "@" + domain


def addresses(seed):
    rng = random.Random(seed)
    domains = ["gmail.com", "GMail.com", "googlemail.com", "example.org", "Bücher.example"]
    for i in range(VALUES):
        local = "".join(rng.choices("abcXYZ.ß", k=rng.randint(1, 6))) + str(i)
        yield rng.choice(BLANKS) + local + rng.choice(["", "+tag", "+a+b"]) + "@" + rng.choice(domains)


def body(blob):
    """What is behind the header of a blob, and before its checksum."""
    version, header = blob[4], 16
    if version == 2:
        header += 2 + int.from_bytes(blob[16:18], "little")
    return blob[header:-4]


def same(values, expected, kind=None, **options):
    """Under these options, values are the users that are expected, hash for hash."""
    size = {"k": 1 << 18}
    ours = overlap.sketch(pa.array(values), **size, **options)
    theirs = overlap.sketch(pa.array(expected, kind), **size)
    assert ours.users().value == theirs.users().value == len(set(expected))
    assert body(ours.sample) == body(theirs.sample)
    assert body(ours.hll) == body(theirs.hll)


RULES = {
    "trim": (texts, trim),
    "lower": (texts, str.lower),
    "upper": (texts, str.upper),
    "nfc": (texts, lambda text: unicodedata.normalize("NFC", text)),
    "digits": (texts, digits),
    "email": (addresses, email),
    "email-google": (addresses, google),
    "email-uid2": (addresses, lambda text: google(text, ("gmail.com",))),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_what_python_makes_of_the_same_values(rule):
    values, reference = RULES[rule]
    values = list(values(len(rule)))
    same(values, [reference(value) for value in values], normalize=rule)


@pytest.mark.parametrize("digest", ["sha256", "sha1", "md5"])
def test_a_digest_is_that_of_hashlib_however_it_is_written(digest):
    plain = list(addresses(7))
    digests = [getattr(hashlib, digest)(email(text).encode()).digest() for text in plain]
    same(plain, digests, pa.binary(), normalize="email", digest=digest)
    spellings = [bytes.hex, lambda it: it.hex().upper()]
    spellings += [lambda it: base64.b64encode(it).decode(), lambda it: base64.urlsafe_b64encode(it).decode().rstrip("=")]
    mixed = [spellings[i % 4](digest) for i, digest in enumerate(digests)]
    same(mixed, digests, pa.binary(), digested=digest)


def test_uuids_hexadecimal_and_base64_are_their_bytes():
    rng = random.Random(3)
    ids = [uuid.UUID(int=rng.getrandbits(128)) for _ in range(VALUES)]
    spellings = [str, lambda it: it.hex, lambda it: "{" + str(it).upper() + "}", lambda it: it.urn]
    spelt = [spellings[i % 4](it) for i, it in enumerate(ids)]
    same(spelt, [it.bytes for it in ids], pa.binary(), normalize="uuid")
    mixed = [it.bytes_le.hex() if i % 2 else str(it) for i, it in enumerate(ids)]
    same(mixed, [it.bytes for it in ids], pa.binary(), normalize="uuid-dotnet")
    same([it.hex.upper() if i % 2 else "0x" + it.hex for i, it in enumerate(ids)], [it.bytes for it in ids], pa.binary(), normalize="hex")
    same([base64.b64encode(it.bytes).decode() for it in ids], [it.bytes for it in ids], pa.binary(), normalize="base64")


def test_phone_numbers_are_those_of_phonenumbers():
    rng = random.Random(5)
    numbers, expected = [], []
    for i in range(VALUES):
        # A country, and the first digits of its mobile numbers.
        country, mobile, rest = rng.choice([("41", "79", 7), ("49", "1512", 7), ("1", "212", 7), ("86", "138", 8), ("44", "7400", 6)])
        national = mobile + "".join(rng.choices("23456789", k=rest))
        cuts = f"{national[:2]}{rng.choice(' -./')}{national[2:5]} {national[5:]}"
        trunk = "(0) " if country in ("41", "49", "44") and i % 4 == 0 else ""
        text = rng.choice(["+", "00", "\uff0b"]) + country + " " + trunk + cuts
        numbers.append(text)
        read = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, None)
        expected.append(phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164))
    same(numbers, expected, normalize="phone")
    same(numbers, [number[1:] for number in expected], normalize="phone-meta")
