"""Real comments from a CSV file with the columns AUTHOR, DATE and CONTENT (and CLASS: 1 = spam)."""

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import nh3

from comments.env import BASE_DIR, env_str
from comments.markup.plain import many_lines, one_line

COLUMNS = {"AUTHOR", "DATE", "CONTENT"}
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class UnreadableRecording(Exception):
    """The file is not there, or is none of these; the message says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    author: str
    body: str
    at: datetime
    is_spam: bool


def recordings_dir() -> Path:
    """Where the demo looks for recordings; a checkout without them uses its own threads."""
    return Path(env_str("KIBITZ_DEMO_DATA", str(BASE_DIR.parent / "shared" / "data" / "youtube")))


def read_recording(path: Path) -> list[Recorded]:
    """The file's comments in order of time, without rows that lack a time or a text.

    Raises UnreadableRecording.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = COLUMNS - set(rows.fieldnames or ())
            if missing:
                raise UnreadableRecording(f"{path.name} has no column {', '.join(sorted(missing))}.")
            recorded = [comment for row in rows if (comment := _comment(row))]
    except OSError as error:
        raise UnreadableRecording(f"{path}: {error.strerror or error}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableRecording(f"{path.name} is not a CSV file in UTF-8: {error}.") from error
    if not recorded:
        raise UnreadableRecording(f"{path.name} has no comment with a time.")
    return sorted(recorded, key=lambda comment: comment.at)


def _comment(row: dict[str, str | None]) -> Recorded | None:
    try:
        at = datetime.fromisoformat((row["DATE"] or "").strip())
    except ValueError:
        return None
    # The texts are HTML as the site showed it: line breaks and links, everything else as entities.
    text = unescape(nh3.clean(_LINE_BREAK.sub("\n", row["CONTENT"] or ""), tags=set()))
    body = many_lines(text.replace("\ufeff", ""))
    if not one_line(body):
        return None
    name = one_line(row["AUTHOR"] or "")[:64] or "Guest"
    return Recorded(
        name, body, at if at.tzinfo else at.replace(tzinfo=UTC), (row.get("CLASS") or "").strip() == "1"
    )
