"""Puts the peers, in fixed versions, into a directory that is not the repository's."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ISSO: Final = "0.14.0"
WALINE: Final = "3.15.2"
ARTALK: Final = "2.9.1"
TWIKOO: Final = "1.7.9"
NPM: Final = (f"@waline/client@{WALINE}", f"artalk@{ARTALK}", f"twikoo@{TWIKOO}")


class NotInstalled(Exception):
    """A peer could not be had; the text is its installer's."""


def install(directory: Path) -> None:
    """Isso in `venv`, the others' clients in `node_modules`; what is there stays. Raises NotInstalled."""
    directory.mkdir(parents=True, exist_ok=True)
    if not isso_python(directory).exists() or not (directory / "venv" / "bin" / "isso").exists():
        _run([sys.executable, "-m", "venv", str(directory / "venv")], directory)
        _run([str(isso_python(directory)), "-m", "pip", "install", "--quiet", f"isso=={ISSO}"], directory)
    if not (directory / "node_modules" / "twikoo").exists():
        (directory / "package.json").write_text('{"private": true}\n')
        options = ("--save-exact", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        _run(["npm", "install", *options, *NPM], directory)


def isso_python(directory: Path) -> Path:
    return directory / "venv" / "bin" / "python"


def _run(argv: Sequence[str], directory: Path) -> None:
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"{' '.join(argv[:4])} …: {(done.stderr or done.stdout).strip()[-1_000:]}")
