"""Members' pictures: whatever is sent or fetched is made anew, so that nothing of the file itself is kept."""

import io
import threading
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction

from comments.errors import Invalid
from comments.identity.models import Author
from comments.signin.models import Avatar

SIDE_PIXELS: Final = 96  # twice what the embed shows, for dense screens
MAX_BYTES: Final = 2 * 1024 * 1024
STORED_MAX_BYTES: Final = 8 * 1024
MAX_PIXELS: Final = 20_000_000  # of a phone's camera; 200 MB while it is read
WEBP_MAX_PIXELS: Final = MAX_PIXELS // 2  # its decoder has two canvases beside the picture
MAX_SIDE_PIXELS: Final = 20_000  # each row has a pointer, which of a narrow picture are more than its pixels
SCANS_MAX: Final = 100  # a progressive JPEG has ten or so; of 40 bytes each, 2 MiB of them take minutes
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
URL_MAX_CHARS: Final = 500
REFRESH: Final = timedelta(days=7)  # a provider's picture may be another one by then
_QUALITIES: Final = (82, 65, 45, 25, 10)
_reading: Final = threading.Lock()  # one at a time in a process: see MAX_PIXELS


def small_webp(content: bytes) -> bytes:
    """The middle of the picture as a small square in WebP, upright, without anything that the file says
    beside. Raises Invalid for what is no picture of these formats, broken, or too large."""
    # Here and not above: few requests need it, and every process would carry its 10 MB.
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with _reading, Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            _require_cheap(opened, content)  # of which only the header has been read so far
            opened.draft("RGB", (2 * SIDE_PIXELS, 2 * SIDE_PIXELS))  # a JPEG is read at an eighth of its size
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            mode = "RGBA" if upright.has_transparency_data else "RGB"
            square = ImageOps.fit(upright.convert(mode), (SIDE_PIXELS, SIDE_PIXELS))
    except UnidentifiedImageError as error:
        raise Invalid("That is no picture in JPEG, PNG, WebP or GIF.") from error
    except Invalid:
        raise
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them
        raise Invalid("That picture cannot be read. It may be broken, or too large.") from error
    square.info = {}
    return _within_bounds(square)


def _require_cheap(opened: Any, content: bytes) -> None:
    most = WEBP_MAX_PIXELS if opened.format == "WEBP" else MAX_PIXELS
    if opened.width * opened.height > most:
        raise Invalid(f"That picture has more than {most // 1_000_000} million pixels.")
    if max(opened.size) > MAX_SIDE_PIXELS:
        raise Invalid(f"That picture has a side of more than {MAX_SIDE_PIXELS:,} pixels.")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > SCANS_MAX:  # where a scan begins
        raise Invalid("That picture has too many layers.")


def _within_bounds(square: Any) -> bytes:
    content = b""
    for quality in _QUALITIES:
        written = io.BytesIO()
        square.save(written, "WEBP", quality=quality, alpha_quality=quality, method=6)
        content = written.getvalue()
        if len(content) <= STORED_MAX_BYTES:
            return content
    raise Invalid("That picture cannot be made small enough.")


def keep(author: Author, image: bytes, *, source: str, now: datetime) -> Avatar:
    """The picture is the author's from now on. `source` is one of Avatar.CHOSEN."""
    return _set(author, image=image, version=version_of(image), source=source, changed=now)


def take_away(author: Author, *, now: datetime) -> Avatar:
    """The author has the drawn one again, whatever providers say at the next sign-in."""
    return _set(author, image=None, version="", source=Avatar.NONE, changed=now)


def version_of(image: bytes) -> str:
    return sha256(image).hexdigest()[:10]


def want(author: Author, url: str, *, source: str, now: datetime) -> bool:
    """Has the picture fetched that a provider or the site says is the author's; whether it will be. One that
    the author chose stays, and so does one that was fetched from there within a week."""
    if not url or len(url) > URL_MAX_CHARS or not _is_https(url):
        return False
    with transaction.atomic():
        found, is_new = Avatar.objects.select_for_update().get_or_create(
            author=author, defaults={"wanted": url, "due": now, "source": source[:12], "changed": now}
        )
        if is_new:
            return True
        is_known = found.wanted == url and now - found.changed < REFRESH
        if found.source in Avatar.CHOSEN or is_known:
            return False
        found.wanted, found.due, found.tries, found.source, found.changed = url, now, 0, source[:12], now
        found.save(update_fields=["wanted", "due", "tries", "source", "changed"])
    return True


def address_of(author: Author) -> str:
    """Where the picture is; another address with another picture, for caches keep it an hour."""
    version = Avatar.objects.filter(author=author).values_list("version", flat=True).first()
    return f"/avatars/{author.public_key}" + (f"?v={version}" if version else "")


def _set(author: Author, **fields: Any) -> Avatar:
    nothing_wanted = {"wanted": "", "due": None, "tries": 0}
    avatar, _ = Avatar.objects.update_or_create(author=author, defaults={**fields, **nothing_wanted})
    return avatar


def _is_https(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "https" and "\x00" not in url
    except ValueError:
        return False
