# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lint scripts look at: the files of the work tree that git knows or would add."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*suffixes, under=("",)):
    """Paths relative to ROOT, sorted, whose name ends with one of `suffixes`, below one of the folders."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:  # a source archive without .git
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]
    return sorted({n for n in names if n.endswith(suffixes) and n.startswith(tuple(under)) and (ROOT / n).is_file()})


def finish(complaints, looked_at):
    """Ends a lint: says what is wrong, or how much was looked at so that an empty run is seen."""
    for complaint in complaints:
        print(complaint)
    print(f"{looked_at} looked at, {len(complaints)} complaints")
    sys.exit(1 if complaints or not looked_at else 0)
