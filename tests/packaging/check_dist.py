"""Check what is about to be published: the wheel's contents, and that the sdist builds the same.

``python tests/packaging/check_dist.py DIST [--tag vX.Y.Z]``, with the package `build` installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

NEEDED = (
    "wixreseller/__init__.py",
    "wixreseller/py.typed",
    "wixreseller/sync/client.py",
    "wixreseller/emulator/inspector/static/index.html",
    "wixreseller/bulk/report.css",
)
UNWANTED = ("wixreseller/_tools", "tests/", "benchmarks/", "docs/", "noxfile.py")
ENTRY_POINTS = (
    "wixreseller = wixreseller.__main__:main",
    "wixreseller = wixreseller.pytest_plugin",
)


def main() -> int:
    """Give 0 if all is well; else say what is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--tag", help="the tag that is being released: vX.Y.Z")
    options = parser.parse_args()
    (wheel,) = options.dist.glob("*.whl")
    (sdist,) = options.dist.glob("*.tar.gz")
    problems = [*wheel_problems(wheel), *sdist_problems(sdist, wheel)]
    version = wheel.name.split("-")[1]
    if options.tag is not None and options.tag != f"v{version}":
        problems.append(f"the tag is {options.tag}, the version {version}")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)  # noqa: T201  # its output
    return 1 if problems else 0


def wheel_problems(wheel: Path) -> list[str]:
    """Say what is missing from a wheel, and what should not be in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = {
            Path(name).name: archive.read(name).decode()
            for name in names
            if ".dist-info/" in name and not name.endswith("/")
        }
    problems = [f"{wheel.name} lacks {name}" for name in NEEDED if name not in names]
    problems += [f"{wheel.name} holds {n}" for n in names if n.startswith(UNWANTED)]
    points = metadata.get("entry_points.txt", "")
    problems += [f"{wheel.name} lacks the entry point {p}" for p in ENTRY_POINTS if p not in points]
    return problems


def sdist_problems(sdist: Path, wheel: Path) -> list[str]:
    """Build a wheel from an sdist, and say in what it differs from the one given."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (source,) = Path(folder).iterdir()
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return [f"{sdist.name} builds no wheel: {done.stderr[-2000:]}"]
        ours, theirs = _contents(wheel), _contents(next(out.glob("*.whl")))
    differing = sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )
    return [f"{sdist.name} builds another wheel: {', '.join(differing)}"] if differing else []


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


if __name__ == "__main__":
    sys.exit(main())
