"""Whether a provider really sent this. Pure, and in constant time.

Twilio signs base64(HMAC-SHA1(token, URL + every form field in order of its name)); with a JSON body the fields are
left out and the URL carries the body's SHA-256 as `bodySHA256`. Meta signs the raw bytes of the body with HMAC-SHA256.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit, urlunsplit

_STANDARD_PORTS = {"https": 443, "http": 80}
_META_PREFIX = "sha256="


def is_signed_by_twilio(
    signature: str, *, token: str, url: str, fields: Mapping[str, Sequence[str]], body: bytes = b""
) -> bool:
    """Is `signature` (the X-Twilio-Signature header) right for this request to `url`, as the outside calls it?

    The sender is not consistent about writing the standard port, so the URL is tried with a port and without.
    """
    if not token or not signature:
        return False
    body_hashes = parse_qs(urlsplit(url).query).get("bodySHA256")
    if body_hashes:
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), body_hashes[0].lower()):
            return False
        fields = {}
    given = signature.encode()
    tries = [hmac.compare_digest(twilio_signature(token, variant, fields).encode(), given) for variant in _ports(url)]
    return any(tries)


def twilio_signature(token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """The signature Twilio would send. A field given several times counts once per distinct value, sorted."""
    signed = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed_by_meta(signature: str, *, secret: str, body: bytes) -> bool:
    """Is `signature` (the X-Hub-Signature-256 header) right for exactly these bytes?"""
    if not secret or not signature.startswith(_META_PREFIX):
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.removeprefix(_META_PREFIX).lower().encode())


def _ports(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    port = parts.port or _STANDARD_PORTS.get(parts.scheme)
    yield urlunsplit(parts._replace(netloc=host))
    if port is not None:
        yield urlunsplit(parts._replace(netloc=f"{host}:{port}"))
