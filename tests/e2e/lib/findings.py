"""What tests of scans are made of: advisories, databases, a Go program, archives of images."""

import json
import os
import shutil
import tempfile

from machine import PROGRAM, ROOT, command, must, skip_all

VECTORS = {
    "critical": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",  # 9.8
    "high": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",  # 7.5
    "medium": "CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N",  # 5.3
    "low": "CVSS:3.1/AV:P/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N",  # 2.0
}
SCORES = {"critical": 9.8, "high": 7.5, "medium": 5.3, "low": 2.0}

# What the Go program of these tests has: fmt.Println on a path from main, os.Link linked by a
# table only, and nothing of encoding/gob.
SOURCE = """package main

import (
	"fmt"
	"os"
)

var table = map[string]func(string, string) error{"link": os.Link}

func say(text string) { fmt.Println(text) }

func main() {
	say("hello")
	if len(os.Args) > 3 {
		table[os.Args[1]](os.Args[2], os.Args[3])
	}
}
"""


def advisory(name, ecosystem, package, level=None, fixed="99.0.0", symbols=None, **fields):
    """An OSV entry about all versions before fixed (None: there is no fix). symbols:
    {import path: names}."""
    events = [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])
    kind = "SEMVER" if ecosystem == "Go" else "ECOSYSTEM"
    affected = {"package": {"ecosystem": ecosystem, "name": package},
                "ranges": [{"type": kind, "events": events}]}
    if symbols:
        affected["ecosystem_specific"] = {"imports": [
            {"path": path, "symbols": names} for path, names in symbols.items()]}
    one = {"schema_version": "1.3.1", "id": name, "modified": "2026-01-02T03:04:05Z",
           "summary": f"About {package}", "affected": [affected], **fields}
    if level:
        one["severity"] = [{"type": "CVSS_V3", "score": VECTORS[level]}]
    return one


def go_advisory(name, level, symbols, **fields):
    return advisory(name, "Go", "stdlib", level, symbols=symbols, **fields)


def write_documents(folder, *documents):
    """One file each; the folder."""
    os.makedirs(folder)
    for one in documents:
        with open(os.path.join(folder, one["id"] + ".json"), "w", encoding="utf-8") as out:
            json.dump(one, out)
    return folder


def make_key(path):
    """An Ed25519 pair as openssl makes it: path and path.pub."""
    must(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path])
    must(["openssl", "pkey", "-in", path, "-pubout", "-out", path + ".pub"])
    return path


def build_database(path, key, *documents, built="2026-01-02"):
    with tempfile.TemporaryDirectory() as folder:
        write_documents(folder + "/osv", *documents)
        must([PROGRAM, "image", "db", "build", "-o", path, "--key", key, "--built", built,
              folder + "/osv"])
    return path


def go_program(folder, source=SOURCE, flags=()):
    """Builds it; its path."""
    if not shutil.which("go"):
        skip_all("go is not installed")
    os.makedirs(folder)
    for name, text in (("main.go", source), ("go.mod", "module example.com/hello\n\ngo 1.16\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(text)
    env = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod", GOTOOLCHAIN="local", GO111MODULE="on")
    env.setdefault("HOME", folder)
    must(["go", "build", "-trimpath", *flags, "-o", "hello", "."], cwd=folder, env=env, timeout=600)
    return os.path.join(folder, "hello")


def dpkg_status(*packages):
    """Of (name, version) pairs."""
    return "".join(f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n"
                   f"Version: {version}\nDescription: for a test\n\n"
                   for name, version in packages)


DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def pack(folder, path, name, *options):
    must([os.path.join(ROOT, "scripts/oci-pack"), folder, "-o", path, "--name", name, *options])
    return path
