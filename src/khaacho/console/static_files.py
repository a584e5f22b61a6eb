"""Style, scripts and pictures of the pages, named by their contents so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, get

from khaacho.errors import RouteNotFound

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
FOR_NOW = {"Cache-Control": "public, max-age=60"}


class StaticFile(msgspec.Struct, frozen=True, kw_only=True):
    contents: bytes
    media_type: str
    digest: str


def _read(path: Path) -> StaticFile:
    contents = path.read_bytes()
    return StaticFile(
        contents=contents, media_type=MEDIA_TYPES[path.suffix], digest=hashlib.sha256(contents).hexdigest()[:12]
    )


FILES = {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}


def static_url(name: str) -> str:
    """The address of a file as it is now."""
    return f"/console/static/{name}?v={FILES[name].digest}"


@get("/static/{name:str}", sync_to_thread=False)
def static_file(name: str, v: str | None = None) -> Response[bytes]:
    """A file of the pages; one that is asked for by its digest may be kept for good."""
    file = FILES.get(name)
    if file is None:
        raise RouteNotFound
    return Response(file.contents, media_type=file.media_type, headers=FOR_GOOD if v == file.digest else FOR_NOW)


ROUTES: list[Any] = [static_file]
