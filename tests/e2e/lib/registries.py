"""Registries to test against: Debian's docker-registry over TLS, one of our own that can be made
to misbehave, and a proxy that cuts connections."""

import base64
import hashlib
import io
import json
import os
import re
import socket
import ssl
import subprocess
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from machine import must, eventually

OCI = "application/vnd.oci.image."
# bcrypt of "secret"
HTPASSWD = "bob:$2y$05$dPE92NSu3vs5rSy/euqygOrMaUlOoonD5UXlE57ixm9/uQS0swSwG\n"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- images ---

def layer(size, seed=0, name="data"):
    """A plain tar with one file that does not compress."""
    data = b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(size // 32))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


class Layout:
    """Blobs and the entries of index.json; images are added, then it is written."""

    def __init__(self):
        self.blobs, self.entries = {}, []

    def blob(self, data, media):
        self.blobs[digest_of(data)] = data
        return {"mediaType": media, "digest": digest_of(data), "size": len(data)}

    def image(self, layers, arch="amd64"):
        config = json.dumps({
            "architecture": arch, "os": "linux", "config": {"User": "1000"},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(one) for one in layers]}})
        return self.blob(json.dumps({
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
            "config": self.blob(config.encode(), OCI + "config.v1+json"),
            "layers": [self.blob(one, OCI + "layer.v1.tar") for one in layers],
        }).encode(), OCI + "manifest.v1+json")

    def index(self, images):
        return self.blob(json.dumps({
            "schemaVersion": 2, "mediaType": OCI + "index.v1+json",
            "manifests": [dict(image, platform={"os": "linux", "architecture": arch})
                          for arch, image in images]}).encode(), OCI + "index.v1+json")

    def artifact(self, subject, kind, data):
        return self.blob(json.dumps({
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "artifactType": kind,
            "config": self.blob(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [self.blob(data, kind)], "subject": subject,
        }).encode(), OCI + "manifest.v1+json")

    def add(self, descriptor, name=None):
        notes = {"annotations": {"org.opencontainers.image.ref.name": name}} if name else {}
        self.entries.append({**descriptor, **notes})

    def write(self, folder):
        os.makedirs(folder + "/blobs/sha256")
        files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(
            {"schemaVersion": 2, "manifests": self.entries}).encode()}
        for name, data in self.blobs.items():
            files["blobs/sha256/" + name[7:]] = data
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as out:
                out.write(data)
        return folder


# --- certificates and credentials ---

class Authority:
    """A CA of the test, and a certificate for localhost."""

    def __init__(self, folder, names="DNS:localhost,IP:127.0.0.1"):
        self.path = lambda name: os.path.join(folder, name)
        self.ca, self.key, self.cert = self.path("ca.pem"), self.path("srv.key"), self.path("srv.pem")
        os.makedirs(folder)
        with open(self.path("ext"), "w", encoding="utf-8") as out:
            out.write(f"subjectAltName={names}\n")
        must(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
              "/CN=Test CA", "-keyout", self.path("ca.key"), "-out", self.ca])
        must(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test",
              "-keyout", self.key, "-out", self.path("csr")])
        must(["openssl", "x509", "-req", "-in", self.path("csr"), "-CA", self.ca, "-CAkey",
              self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", self.path("ext"),
              "-out", self.cert])


def docker_config(folder, *logins):
    """A config.json of (host, user, password)s; the value for DOCKER_CONFIG."""
    os.makedirs(folder)
    auths = {host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
             for host, user, password in logins}
    with open(folder + "/config.json", "w", encoding="utf-8") as out:
        json.dump({"auths": auths}, out)
    return folder


# --- the real one ---

class DockerRegistry:
    def __init__(self, folder, authority):
        os.makedirs(folder)
        self.port, self.log = free_port(), folder + "/log"
        self.host = f"localhost:{self.port}"
        with open(folder + "/htpasswd", "w", encoding="utf-8") as out:
            out.write(HTPASSWD)
        with open(folder + "/config.yml", "w", encoding="utf-8") as out:
            json.dump({
                "version": "0.1", "log": {"level": "warn"},
                "storage": {"filesystem": {"rootdirectory": folder + "/data"}},
                "auth": {"htpasswd": {"realm": "test", "path": folder + "/htpasswd"}},
                "http": {"addr": f"127.0.0.1:{self.port}",
                         "tls": {"certificate": authority.cert, "key": authority.key}}}, out)
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", folder + "/config.yml"], stdout=out, stderr=out)
        if not eventually(self.answers):
            raise RuntimeError("docker-registry does not start: " + self.text())

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def count(self, pattern):
        return len(re.findall(pattern, self.text()))

    def close(self):
        self.process.terminate()
        self.process.wait()


# --- between ---

class CutProxy:
    """Passes connections on to port; the first cuts of them are cut after so many bytes of one
    direction."""

    def __init__(self, port, down=None, up=None, cuts=1000):
        self.target, self.limits, self.connections, self.bytes = port, [up, down], 0, 0
        self.cuts = cuts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.connections > self.cuts:
                self.limits = [None, None]
            far = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, limit in ((near, far, self.limits[0]), (far, near, self.limits[1])):
                threading.Thread(target=self.copy, args=(source, sink, limit),
                                 daemon=True).start()

    def copy(self, source, sink, limit):
        passed = 0
        try:
            while limit is None or passed < limit:
                data = source.recv(65536)
                if not data:
                    break
                passed += len(data)
                self.bytes += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


# --- one that misbehaves ---

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", media="application/json", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def content(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def serve(self):
        server, path = self.server.registry, self.path
        if path.startswith("/upload/"):
            with server.uploading:
                self.upload(server)
            return
        body = self.content()
        server.seen.append((self.command, path, dict(self.headers), body))
        for pattern, act in server.tricks:
            if re.search(pattern, f"{self.command} {path}"):
                act(self)
                return
        self.plain(server, path, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = serve

    def raw(self, data, close=True):
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = close

    def plain(self, server, path, body):
        what = re.fullmatch(r"/v2/([a-z/]+)/(manifests|blobs|referrers)/([^?]*)(\?.*)?", path)
        if not what:
            self.answer(404)
        elif self.command == "POST":
            server.upload = b""
            self.answer(202, Location="/upload/1?state=x")
        elif self.command == "PUT":
            self.put_manifest(server, what[3], body)
        elif what[2] == "referrers":
            self.answer(200, json.dumps({"schemaVersion": 2, "manifests":
                                         server.referrers.get(what[3], [])}).encode(),
                        OCI + "index.v1+json")
        else:
            self.get(*server.store.get(what[3], (None, None)))

    def upload(self, server):
        """Keeps what has come of a body that was cut."""
        left = int(self.headers.get("Content-Length") or 0)
        server.seen.append((self.command, self.path, dict(self.headers), left))
        start = int((self.headers.get("Content-Range") or "0-").split("-")[0])
        if self.command == "PATCH" and start != len(server.upload):
            self.close_connection = True
            self.answer(416, Connection="close")
            return
        while left:
            data = self.rfile.read1(min(left, 65536))
            if not data:
                return
            server.upload += data
            left -= len(data)
        if self.command == "PUT":
            server.store[digest_of(server.upload)] = (server.upload, "application/octet-stream")
            self.answer(201)
        else:
            self.answer(202 if self.command == "PATCH" else 204, Location=self.path,
                        Range=f"0-{len(server.upload) - 1}")

    def put_manifest(self, server, reference, body):
        media = self.headers["Content-Type"]
        server.store[digest_of(body)] = server.store[reference] = (body, media)
        subject = json.loads(body).get("subject")
        if subject:
            server.referrers.setdefault(subject["digest"], []).append(
                {"mediaType": media, "digest": digest_of(body), "size": len(body)})
        self.answer(201, **({"OCI_Subject": subject["digest"]} if subject else {}))

    def get(self, data, media):
        if data is None:
            self.answer(404)
            return
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if part and int(part[1]) < len(data):
            start = int(part[1])
            self.answer(206, data[start:], media,
                        Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.answer(200, data, media)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up is no news here."""


class FakeRegistry:
    """Serves a Layout; tricks are (pattern of "METHOD /path", function of the handler)."""

    def __init__(self, layout=None, tag="1", authority=None, root=None):
        self.store, self.referrers, self.tricks, self.seen = {}, {}, [], []
        self.uploading = threading.Lock()  # what came on a connection that was cut comes first
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.registry = self
        self.port = self.server.server_address[1]
        self.host = f"localhost:{self.port}"
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.cert, authority.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        if layout:
            self.fill(layout, tag, root)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fill(self, layout, tag, root):
        for name, data in layout.blobs.items():
            media = "application/octet-stream"
            if b'"schemaVersion"' in data[:30]:
                media = json.loads(data)["mediaType"]
            self.store[name] = (data, media)
        self.store[tag] = self.store[root["digest"]]

    def asked(self, pattern):
        return [one for one in self.seen if re.search(pattern, f"{one[0]} {one[1]}")]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def dribble(seconds):
    """A handler that sends a byte now and then."""
    def act(handler):
        end = time.monotonic() + seconds
        try:
            handler.raw(b"HTTP/1.1 200 OK\r\n")
            while time.monotonic() < end:
                handler.raw(b"X")
                time.sleep(0.2)
        except OSError:
            pass
    return act
