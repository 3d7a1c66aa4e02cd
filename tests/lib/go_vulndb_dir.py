#!/usr/bin/env python3
"""A Go vulnerability database as govulncheck reads it (go.dev/doc/security/vuln/database, file://),
from OSV entries.

    tests/lib/go_vulndb_dir.py OSV-DIRECTORY|ARCHIVE.tar.zst OUT
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

MODIFIED = "2026-01-01T00:00:00Z"  # the entries themselves carry none that says anything


def latest_fix(affected):
    fixes = [event["fixed"] for r in affected.get("ranges", []) for event in r.get("events", [])
             if "fixed" in event]
    return fixes[-1] if fixes else None


def add_modules(modules, entry):
    for affected in entry.get("affected", []):
        vulns = modules.setdefault(affected["package"]["name"], {})
        row = vulns.setdefault(entry["id"], {"id": entry["id"], "modified": MODIFIED})
        fix = latest_fix(affected)
        if fix:
            row["fixed"] = fix


def write(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out)


def make(source, out):
    modules, vulns = {}, []
    for folder in ("ID", "index"):
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    for path in sorted(glob.glob(os.path.join(source, "**", "*.json"), recursive=True)):
        with open(path, encoding="utf-8") as text:
            entry = json.load(text)
        entry["modified"] = MODIFIED
        write(os.path.join(out, "ID", entry["id"] + ".json"), entry)
        vulns.append({"id": entry["id"], "modified": MODIFIED,
                      "aliases": entry.get("aliases", [])})
        add_modules(modules, entry)
    write(os.path.join(out, "index/db.json"), {"modified": MODIFIED})
    write(os.path.join(out, "index/modules.json"),
          [{"path": path, "vulns": list(rows.values())} for path, rows in modules.items()])
    write(os.path.join(out, "index/vulns.json"), vulns)


def make_from(source, out):
    if os.path.isdir(source):
        make(source, out)
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "--zstd", "-xf", source, "-C", folder], check=True)
        make(folder, out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    make_from(sys.argv[1], sys.argv[2])
