"""Images made by hand, sound and hostile ones, and scans of them that are measured.

    image = Image([file("etc/os-release", "ID=debian\\n")], [whiteout("etc/os-release")])
    image.oci(machine.path("layout"))
    scan = bench.scan(machine.path("layout"))
    scan.status, scan.report["findings"], scan.errors, scan.peak_kb, scan.seconds
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import tarfile
import tempfile
import time

from machine import HERE, PROGRAM, command, must

MEDIA = "application/vnd.oci.image."


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# --- entries of a layer ---

def _bytes(data):
    return data.encode() if isinstance(data, str) else data


def _entry(path, kind, **fields):
    pax = fields.pop("pax", {})
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.mode = fields.pop("mode", 0o755 if kind == tarfile.DIRTYPE else 0o644)
    entry.mtime = 1700000000
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.pax_headers = pax
    return entry


def file(path, data="", **fields):
    data = _bytes(data)
    entry = _entry(path, tarfile.REGTYPE, **fields)
    entry.size = len(data)
    return entry, data


def folder(path, **fields):
    return _entry(path, tarfile.DIRTYPE, **fields), b""


def symlink(path, target, **fields):
    return _entry(path, tarfile.SYMTYPE, linkname=target, **fields), b""


def hard_link(path, target, **fields):
    return _entry(path, tarfile.LNKTYPE, linkname=target, **fields), b""


def special(path, kind, major=1, minor=3):
    return _entry(path, kind, devmajor=major, devminor=minor), b""


def whiteout(path):
    head, leaf = os.path.split(path)
    return file(os.path.join(head, ".wh." + leaf))


def opaque(path):
    return file(os.path.join(path, ".wh..wh..opq"))


def capability(mask, effective=True):
    """security.capability, as a PAX record that keeps its bytes."""
    value = struct.pack("<IIIII", 0x02000000 | int(effective), mask & 0xffffffff, 0, mask >> 32, 0)
    return value


def capable(path, data, mask, **fields):
    value = capability(mask).decode("utf-8", "surrogateescape")
    return file(path, data, pax={"SCHILY.xattr.security.capability": value}, **fields)


def tar_of(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT,
                      errors="surrogateescape") as tar:
        for entry, data in entries:
            tar.addfile(entry, io.BytesIO(data) if data else None)
    return out.getvalue()


def pack(data, how):
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c", "-3"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
    return data


# --- images ---

class Image:
    """Layers are lists of entries, or the bytes of a tar."""

    def __init__(self, *layers, arch="amd64", history=None, **config):
        self.layers = [layer if isinstance(layer, bytes) else tar_of(layer) for layer in layers]
        self.config = {"architecture": arch, "os": "linux", "config": config,
                       "rootfs": {"type": "layers", "diff_ids": [sha(x) for x in self.layers]}}
        if history is not None:
            self.config["history"] = history

    def config_bytes(self):
        return json.dumps(self.config).encode()

    def blobs(self, how=None):
        """Blobs by digest; the manifest's descriptor."""
        blobs = {}

        def keep(data, media, **fields):
            blobs[sha(data)] = data
            return {"mediaType": MEDIA + media, "digest": sha(data), "size": len(data), **fields}

        suffix = {"gzip": "+gzip", "zstd": "+zstd"}.get(how, "")
        manifest = {
            "schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json",
            "config": keep(self.config_bytes(), "config.v1+json"),
            "layers": [keep(pack(x, how), "layer.v1.tar" + suffix) for x in self.layers]}
        return blobs, keep(json.dumps(manifest).encode(), "manifest.v1+json")

    def oci(self, path, how=None):
        blobs, manifest = self.blobs(how)
        return write_layout(path, blobs, [manifest])

    def oci_archive(self, path, how=None, whole=None):
        blobs, manifest = self.blobs(how)
        return write_archive(path, layout_files(blobs, [manifest]), whole)

    def saved(self, path, how=None, whole=None, new=False, name="test/app:1"):
        config = self.config_bytes()
        files, layers = {}, []
        for data in self.layers:
            member = ("blobs/sha256/" + sha(pack(data, how))[7:] if new
                      else sha(data)[7:] + "/layer.tar")
            files[member] = pack(data, how)
            layers.append(member)
        config_name = "blobs/sha256/" + sha(config)[7:] if new else sha(config)[7:] + ".json"
        files[config_name] = config
        files["manifest.json"] = json.dumps([{
            "Config": config_name, "RepoTags": [name], "Layers": layers}]).encode()
        if not new:
            files["repositories"] = b"{}"
        return write_archive(path, files, whole)


def layout_files(blobs, manifests):
    files = {"blobs/sha256/" + digest[7:]: data for digest, data in blobs.items()}
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()
    return files


def write_layout(path, blobs, manifests):
    for name, data in layout_files(blobs, manifests).items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "wb") as out:
            out.write(data)
    return path


def write_archive(path, files, whole=None):
    data = tar_of([file(name, content) for name, content in files.items()])
    with open(path, "wb") as out:
        out.write(pack(data, whole))
    return path


def unpack(image, top):
    """What the layers show together, as a directory; whiteouts and opaque marks included."""
    for layer in image.layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            for entry in tar:
                head, leaf = os.path.split(entry.name)
                path = os.path.join(top, entry.name)
                if leaf == ".wh..wh..opq":
                    for name in os.listdir(os.path.join(top, head)):
                        _remove(os.path.join(top, head, name))
                elif leaf.startswith(".wh."):
                    _remove(os.path.join(top, head, leaf[4:]))
                else:
                    if not entry.isdir():
                        _remove(path)
                    tar.extract(entry, top, numeric_owner=True)
                    value = entry.pax_headers.get("SCHILY.xattr.security.capability")
                    if value and os.geteuid() == 0:
                        os.setxattr(path, "security.capability",
                                    value.encode("utf-8", "surrogateescape"))
    return top


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


# --- scans ---

class Scan:
    def __init__(self, result, peak_kb, seconds, cpu_seconds):
        self.cpu_seconds = cpu_seconds
        self.status, self.out, self.err = result.status, result.out, result.err
        self.peak_kb, self.seconds = peak_kb, seconds
        try:
            self.report = json.loads(self.out) if self.out else None
        except ValueError:
            self.report = None

    @property
    def errors(self):
        return self.err.decode(errors="replace").strip()

    def __repr__(self):
        return (f"status {self.status}, {self.peak_kb} KB, {self.seconds} s (CPU {self.cpu_seconds}), "
                f"err {self.err[:600]!r}, out {self.out[:600]!r}")

    def findings(self):
        """(package, version, id, tier, location), sorted."""
        return sorted((f["package"]["name"], f["package"]["version"], f["id"], f["tier"],
                       f["location"]) for f in self.report["findings"])

    def secrets(self):
        return sorted((s["location"], s["line"], s["rule"]) for s in self.report["secrets"])

    def files(self):
        return sorted((f["location"], f["kind"], f["mode"], f["detail"])
                      for f in self.report["files"])

    def layer_of(self, what, location):
        """The number of the layer in which something is, from 1."""
        numbers = {layer["diffId"]: n for n, layer in enumerate(self.report["layers"], 1)}
        return sorted({numbers.get(it["layer"]) for it in self.report[what]
                       if it["location"] == location}, key=str)


class Bench:
    """A directory for images and their database."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="rf-scan-")
        os.chmod(self.dir, 0o755)
        self.tmp = self.path("tmp")
        os.mkdir(self.tmp)
        os.chmod(self.tmp, 0o1777)
        self.measure = self.path("measure")
        self.env = dict(os.environ, NO_COLOR="1", TMPDIR=self.tmp,
                        RINGFENCE_STATE_DIR=self.path("state"))
        self.db = self.path("vuln.db")
        self.count = 0
        must(["gcc", "-O1", "-w", "-o", self.measure, os.path.join(HERE, "measure.c")])

    def __enter__(self):
        return self

    def __exit__(self, *what):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def fresh(self, suffix=""):
        self.count += 1
        return self.path(f"{self.count}{suffix}")

    def build_database(self, documents):
        source = self.fresh()
        os.mkdir(source)
        for number, document in enumerate(documents):
            with open(os.path.join(source, f"{number:04}.json"), "w", encoding="utf-8") as out:
                json.dump(document, out)
        must([PROGRAM, "image", "db", "build", "-o", self.db, "--key", self.key(), source])
        os.chmod(self.db, 0o644)

    def key(self):
        path = self.path("key.pem")
        if not os.path.exists(path):
            must(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path])
        return path

    def scan(self, target, *options, timeout=60, form="json", program=PROGRAM, **how):
        out = self.fresh(".measured")
        how.setdefault("env", self.env)
        result = command([self.measure, out, program, "image", "scan", target, "--db", self.db,
                          "--format", form, *options], timeout=timeout, **how)
        try:
            with open(out, encoding="utf-8") as text:
                _, peak, ms, cpu = map(int, text.read().split())
        except (OSError, ValueError):
            peak, ms, cpu = -1, -1000, -1000
        return Scan(result, peak, ms / 1000, cpu / 1000)


def scanners():
    """Processes of scans: (pid, name)."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                name = comm.read().strip()
        except OSError:
            continue
        if name.startswith(("image-scan", "image-read", "image-fetch")):
            found.append((int(pid), name))
    return found


def stopped(pid, seconds=5):
    """True as soon as the process is gone, or a zombie of somebody else."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
