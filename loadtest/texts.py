"""Comments that people wrote: KIBITZ_DEMO_DATA's recordings, else the demo's own."""

from comments.demo.recordings import UnreadableRecording, read_recording, recordings_dir
from comments.env import BASE_DIR


def texts() -> list[tuple[str, str]]:
    """(author, body) pairs in a fixed order; what is marked as spam is not among them."""
    files = [*sorted(recordings_dir().glob("*.csv")), BASE_DIR / "comments" / "demo" / "recording.csv"]
    for file in files:
        try:
            comments = read_recording(file)
        except UnreadableRecording:
            continue
        return [(comment.author, comment.body) for comment in comments if not comment.is_spam]
    raise UnreadableRecording("There are no comments to post.")
