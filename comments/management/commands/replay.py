"""Replays a recorded thread onto a page."""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comments import env
from comments.demo.articles import ARTICLES, DEMO_SITE_KEY
from comments.demo.recordings import UnreadableRecording, read_recording
from comments.demo.replay import ReplayFailed, Target, paced, post_comment
from comments.threads.page import thread_key


def positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


class Command(BaseCommand):
    help = (
        "Post a recorded thread through the public API at its recorded pace. FILE is a CSV file with the "
        "columns AUTHOR, DATE and CONTENT. Ctrl-C ends it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--speed", type=positive, default=60.0, help="how many times faster (default: 60)"
        )
        parser.add_argument(
            "--max-pause",
            type=positive,
            default=5.0,
            help="longest wait in seconds, so that nights are short (5)",
        )
        parser.add_argument(
            "--limit", type=int, default=0, help="stop after this many comments (default: all)"
        )
        parser.add_argument("--site", default=DEMO_SITE_KEY)
        parser.add_argument("--page-id", default=ARTICLES[0].path)
        parser.add_argument("--base-url", default="", help="the server (default: this machine's ./run)")

    def handle(self, *args: Any, **options: Any) -> None:
        base_url = options["base_url"].rstrip("/") or f"http://127.0.0.1:{env.env_int('PORT', 8000)}"
        site, page_id = options["site"], options["page_id"]
        page = {
            "site": site,
            "page_id": page_id,
            "url": base_url + ARTICLES[0].path,
            "title": ARTICLES[0].title,
        }
        target = Target(base_url, thread_key(site, page_id), page)
        try:
            comments = read_recording(options["file"])[: options["limit"] or None]
            self.stdout.write(f"{len(comments)} comments, {options['speed']:g} times faster, to {base_url}")
            for pause, comment in paced(
                comments, speed=options["speed"], max_pause_seconds=options["max_pause"]
            ):
                time.sleep(pause)
                post_comment(target, comment)
                self.stdout.write(
                    f"{comment.at:%Y-%m-%d %H:%M:%S}  {comment.author}: {json.dumps(comment.body)[:60]}"
                )
        except (UnreadableRecording, ReplayFailed) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
