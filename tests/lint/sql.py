#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only SQLite understands stands where docs/architecture.md says, and nowhere else."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOGUE = "core/service/"
SCHEMA = (CATALOGUE + "schema.sql", CATALOGUE + "catalogue_schema.cpp")
DIALECT = "core/io/sqlite.cpp"

# What to look for, what the files begin with in which it may stand, and what would do in both.
ONLY_SQLITE = [
    (r"\bPRAGMA\b", (*SCHEMA, CATALOGUE + "catalogue_tasks.cpp", DIALECT), "a function of SqlDatabase"),
    (r"\bAUTOINCREMENT\b", SCHEMA, "INTEGER PRIMARY KEY"),
    (r"\bWITHOUT ROWID\b", SCHEMA, "nothing"),
    (r"\brandomblob\b", (CATALOGUE + "schema.sql",), "a value of the program's"),
    (r"\bpragma_\w+", (CATALOGUE + "manifest.cpp", CATALOGUE + "rebuild.cpp"), "manifest_columns()"),
    (r"\bjson_(each|extract|tree)\b", (CATALOGUE + "rebuild.cpp",), "parse_json()"),
    (r"\bINSERT OR \w+", (CATALOGUE,), "ON CONFLICT"),
    (r"\b(BEGIN IMMEDIATE|BEGIN EXCLUSIVE)\b", (DIALECT,), "SqlDatabase::transaction()"),
    (r"\b(sqlite_schema|sqlite_master|sqlite_sequence)\b", (), "user_version"),
    (r"\b(ifnull|iif|strftime|datetime|julianday|group_concat|printf|typeof|total_changes)\(", (), "standard SQL"),
    (r"\b(GLOB|INDEXED BY|NOT INDEXED|ISNULL|NOTNULL|rowid|_rowid_|oid)\b", (), "standard SQL"),
]
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|R"(\w*)\((.*?)\)\1"', re.DOTALL)
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|PRAGMA|BEGIN|FROM|WHERE|SET|VALUES|json_\w+|pragma_\w+)\b")


def sql_in(path):
    text = path.read_text()
    if path.suffix == ".sql":
        return re.sub(r"--[^\n]*", "", text)
    text = re.sub(r"^\s*//[^\n]*|^#include[^\n]*", "", text, flags=re.MULTILINE)
    return "\n".join(m.group(0) for m in STRING.finditer(text) if SQL.search(m.group(0)))


def main():
    wrong = 0
    paths = [p for folder in ("core", "ext", "tools") for p in sorted((ROOT / folder).rglob("*"))]
    for path in paths:
        if path.suffix not in (".cpp", ".sql"):
            continue
        name, text = path.relative_to(ROOT).as_posix(), sql_in(path)
        for pattern, places, instead in ONLY_SQLITE:
            use = re.search(pattern, text)
            if use and not name.startswith(places):
                wrong += 1
                print(f"{name}: '{use.group(0)}' is SQLite's own; use {instead}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
