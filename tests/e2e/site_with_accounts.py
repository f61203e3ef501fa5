"""The small Django site of sso_site.py, as a process."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Final

from comments.supervision.processes import tie_to_parent
from tests.running import ROOT, Run

SCRIPT: Final = Path(__file__).with_name("sso_site.py")
KEY: Final = "a secret of the club and of Kibitz alone"
SET_UP: Final = """
from comments.models import Site, SiteSignIn
from comments.sites.services import create_site
create_site({site!r}, origins={origins!r}, is_unlimited=True)
SiteSignIn.objects.create(
    site=Site.objects.get(key={site!r}), sso_algorithm="HS256", sso_key={key!r}, sso_url={url!r}
)
"""


@contextmanager
def site_with_accounts(address: str, directory: Path, kibitz: str, site: str, *https: str) -> Iterator[str]:
    """Its origin, until the block ends. `https` are its host, a certificate and the key of that."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), address, str(directory / "site.sqlite3"), kibitz, KEY, site, *https],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=tie_to_parent(SIGTERM),
    )
    try:
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        assert origin, "the site did not start"
        yield origin
    finally:
        process.kill()
        process.communicate()


def introduce(run: Run, site: str, origins: Sequence[str]) -> None:
    """Kibitz knows the site, and believes what it says of its readers."""
    script = SET_UP.format(site=site, origins=list(origins), key=KEY, url=f"{origins[0]}/#log-in")
    run.shell(script)
