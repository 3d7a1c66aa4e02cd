"""What the tests of Go programs share: ways to build, what tools make of finished programs, and what
Ringfence and govulncheck find in them."""
import json
import shutil
import subprocess

from machine import PROGRAM
import gobuild

GOVULNCHECK = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"
EXTERNAL = "-ldflags=-linkmode=external"

# Ways to build: flags, environment, and what they need.
WAYS = {
    "plain": ([], {}, None),
    "pie": (["-buildmode=pie"], {}, None),
    "trimpath": (["-trimpath"], {}, None),
    "cgo": ([EXTERNAL], {"CGO_ENABLED": "1"}, "gcc"),
    "cgo-pie": ([EXTERNAL, "-buildmode=pie"], {"CGO_ENABLED": "1"}, "gcc"),
    "lld": ([EXTERNAL + " -extldflags=-fuse-ld=lld"], {"CGO_ENABLED": "1"}, "ld.lld"),
    "arm64": ([], {"GOARCH": "arm64"}, None),
    "386": ([], {"GOARCH": "386"}, None),
    "arm": ([], {"GOARCH": "arm"}, None),
    "s390x": ([], {"GOARCH": "s390x"}, None),
}


def database(sources, folder):
    """Builds folder/go.db, with a key of its own."""
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", folder + "/key.pem"],
                   check=True, capture_output=True)
    subprocess.run([PROGRAM, "image", "db", "build", "-o", folder + "/go.db", "--key",
                    folder + "/key.pem", sources], check=True, capture_output=True)
    return folder + "/go.db"


def scan(binary, db):
    """{id: finding} of everything that may be affected."""
    result = gobuild.run([PROGRAM, "image", "scan", binary, "--format", "json", "--db", db])
    if result.returncode not in (0, 1):
        return {"error: " + result.stderr.strip(): {"tier": "unknown", "symbols": []}}
    return {finding["id"]: finding for finding in json.loads(result.stdout)["findings"]
            if finding["tier"] != "absent"}


def messages(text):
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        value, at = decoder.raw_decode(text, at)
        yield value


def govulncheck(program, binary, database_folder):
    """Ids whose symbols are in the binary; None when it cannot read it."""
    result = gobuild.run([program, "-mode=binary", "-db", "file://" + database_folder, "-json",
                          binary])
    found = [m["finding"] for m in messages(result.stdout) if "finding" in m]
    if "unrecognized binary format" in result.stderr:
        return None
    if result.returncode not in (0, 3):
        raise RuntimeError(f"govulncheck {binary}: {result.stderr}")
    return {f["osv"] for f in found if f["trace"][0].get("function")}


def with_flag(flags, more):
    """Flags with something added to -ldflags."""
    mine = [flag for flag in flags if flag.startswith("-ldflags=")]
    others = [flag for flag in flags if not flag.startswith("-ldflags=")]
    return others + [(mine[0] if mine else "-ldflags=") + " " + more]


def without_headers(source, out):
    """No section headers at all."""
    with open(source, "rb") as file:
        data = bytearray(file.read())
    wide = data[4] == 2
    offset, size = (0x28, 8) if wide else (0x20, 4)
    data[offset:offset + size] = bytes(size)
    counts_at = 0x3a if wide else 0x2e
    data[counts_at:counts_at + 6] = bytes(6)
    with open(out, "wb") as file:
        file.write(data)


def derived(binary):
    """The same program after tools that are run on finished files: what was done, and its path."""
    without_headers(binary, binary + ".bare")
    yield "without section headers", binary + ".bare"
    if shutil.which("objcopy"):
        subprocess.run(["objcopy", "--rename-section", ".gopclntab=.other",
                        "--rename-section", ".data.rel.ro.gopclntab=.other",
                        "--rename-section", ".go.buildinfo=.another", binary,
                        binary + ".renamed"], check=True, capture_output=True)
        yield "sections renamed", binary + ".renamed"
