"""The style of the pages without JavaScript, allowed by its hash."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True, slots=True)
class Style:
    text: SafeString
    csp_hash: str  # 'sha256-…', for a Content-Security-Policy


def _read(path: Path) -> Style:
    text = path.read_text(encoding="utf-8").strip()
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Style(mark_safe(text), f"'sha256-{digest}'")  # noqa: S308  our own file


PAGE_STYLE: Final = _read(Path(__file__).parent / "templates" / "kibitz" / "still.css")
