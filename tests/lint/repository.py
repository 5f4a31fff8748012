# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lint scripts look at: the files of the work tree that git knows or would add."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _known_to_git():
    """Nothing without git or without .git; that the tree belongs to somebody else (a mounted one) does not matter."""
    if not (ROOT / ".git").exists():
        return []
    try:
        listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                                capture_output=True, text=True)
    except OSError:
        return []
    return listed.stdout.splitlines() if listed.returncode == 0 else []


def _in_archive():
    """Everything but what .gitignore names."""
    paths = (p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file())
    return [str(p) for p in paths
            if not p.parts[0].startswith("build") and not {".git", "node_modules", "__pycache__"} & set(p.parts)]


def files(*suffixes, under=("",)):
    """Paths relative to ROOT, sorted, whose name ends with one of `suffixes`, below one of the folders."""
    names = _known_to_git() or _in_archive()
    return sorted({n for n in names if n.endswith(suffixes) and n.startswith(tuple(under)) and (ROOT / n).is_file()})


def finish(complaints, looked_at):
    """Ends a lint: says what is wrong, or how much was looked at so that an empty run is seen."""
    for complaint in complaints:
        print(complaint)
    print(f"{looked_at} looked at, {len(complaints)} complaints")
    sys.exit(1 if complaints or not looked_at else 0)
