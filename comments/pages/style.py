"""The style of the pages without JavaScript, allowed by its hash."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from comments.pages.assets import csp_hash


@dataclass(frozen=True, slots=True)
class Style:
    text: SafeString
    csp_hash: str  # 'sha256-…', for a Content-Security-Policy


def _read(path: Path) -> Style:
    text = path.read_text(encoding="utf-8").strip()
    return Style(mark_safe(text), csp_hash(text))  # noqa: S308  our own file


PAGE_STYLE: Final = _read(Path(__file__).parent / "templates" / "kibitz" / "still.css")
