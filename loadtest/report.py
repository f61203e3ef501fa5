"""The results file: Markdown with plots beside it, written after every part, so that nothing is lost."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

Series = Mapping[str, Sequence[tuple[float, float]]]


class Report:
    def __init__(self, path: Path, *, title: str, now: datetime) -> None:
        self.path = path
        self._parts = [f"# {path.stem}: {title}", f"{machine()}. Begun {now:%Y-%m-%d %H:%M} UTC."]

    def heading(self, text: str) -> None:
        self._add(f"## {text}")

    def text(self, text: str) -> None:
        self._add(text)

    def table(self, rows: Sequence[Mapping[str, object]]) -> None:
        """One row each; the first row's keys are the columns."""
        self._add(table(rows))

    def plot(
        self, name: str, series: Series, *, x: str, y: str, log_x: bool = False, log_y: bool = False
    ) -> None:
        """Lines of (x, y) points by name, as a PNG beside the report."""
        # Here, because it takes a second to import and only ./run load installs it.
        # One thread: numpy's own pool would be there when the next readers' processes are forked.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
        for label, points in series.items():
            axes.plot(*zip(*points, strict=True), label=label, marker="o" if len(points) < 20 else "")
        axes.set(xlabel=x, ylabel=y, xscale="log" if log_x else "linear", yscale="log" if log_y else "linear")
        if not log_y:
            axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        if len(series) > 1:
            axes.legend(frameon=False)
        image = self.path.with_name(f"{self.path.stem}-{name}.png")
        figure.savefig(image, dpi=100, metadata={"Software": None})
        pyplot.close(figure)
        self._add(f"![{y} by {x}]({image.name})")

    def _add(self, part: str) -> None:
        self._parts.append(part)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n\n".join(self._parts) + "\n")


def table(rows: Sequence[Mapping[str, object]]) -> str:
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([cell(row[name]) for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """Whole numbers with commas; fractions with as many digits as mean something."""
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"
        )
    return f"{value:,}" if isinstance(value, int) else str(value)


def machine() -> str:
    cores = os.cpu_count() or 0
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} cores, {memory:.0f} GiB, {_system()}, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}; the load generators on the same machine, over loopback"
    )


def free_path(folder: Path, day: str) -> Path:
    """`<day>.md`, or `<day>-2.md` and so on where that day has results already."""
    path, number = folder / f"{day}.md", 1
    while path.exists():
        number += 1
        path = folder / f"{day}-{number}.md"
    return path


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
