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


# Country codes, and what ordinary numbers are dialled behind, of the regions that `--region` knows.
REGIONS = (
    "AE AT AU BD BE CA CH CN CZ DE DK EG ES FI FR GB GR HK HU ID IE IL IN IT JP KE KR KZ LK MX MY NG NL NO NZ PH PK PL PT RO "
    "RU SA SE SG TH TR TW UA US VN ZA"
).split()


def dialled(region, rng, count):
    """Digits as somebody may have typed them, few of them numbers: with and without what is dialled before."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    code, trunk = str(metadata.country_code), metadata.national_prefix or ""
    examples = [metadata.mobile.example_number, metadata.fixed_line.example_number]
    for _ in range(count):
        before = rng.choice(["", "", trunk, code, code + trunk, trunk + code, "0", "00", "1"])
        example = rng.choice(examples)
        number = example[: rng.randint(0, 5)]
        length = rng.choice([len(example), len(example), rng.randint(5, 13)])
        yield before + number + "".join(rng.choices("0123456789", k=max(0, length - len(number))))


def e164(text, region):
    try:
        return phonenumbers.format_number(phonenumbers.parse(text, region), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return None


@pytest.mark.parametrize("region", REGIONS)
def test_no_number_of_a_region_is_read_otherwise_than_by_phonenumbers(region):
    # Numbers behind what is dialled for another country are read as they are, and not looked at here.
    abroad = ("00", "010", "011", "810")
    texts = [text for text in dialled(region, random.Random(region), VALUES) if not text.startswith(abroad)]
    theirs = {number for number in (e164(text, region) for text in texts) if number}
    size = {"k": 1 << 18, "normalize": "phone"}
    ours = overlap.sketch(pa.array(texts), region=region, **size)
    pair = overlap.estimate(ours, overlap.sketch(pa.array(sorted(theirs)), **size))
    assert ours.users().value > VALUES / 20
    assert pair.overlap.value == ours.users().value


@pytest.mark.parametrize("region", REGIONS)
def test_a_mobile_number_is_read_however_it_is_dialled(region):
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    number = phonenumbers.parse(metadata.mobile.example_number, region)
    forms = phonenumbers.PhoneNumberFormat
    spellings = [phonenumbers.format_number(number, form) for form in (forms.NATIONAL, forms.INTERNATIONAL, forms.E164)]
    read = overlap.sketch(pa.array(spellings), normalize="phone", region=region)
    assert read.users().value == 1 and read.nulls == 0
