"""What tests of `proxy` are made of: an authority, proxies as processes, plain backends, a TLS
client whose every byte is under control, hostile certificates and a Go peer."""
import atexit
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

from machine import PROGRAM, command, eventually
from findings import go_program

warnings.filterwarnings("ignore", category=DeprecationWarning)

# client ADDRESS DIR NAME [12]: stdin to the server, its answer to stdout; NAME "-" asks for none.
# server ADDRESS DIR: echoes to clients with certificates, ends each side as the client does.
# verify CHAIN ROOTS NAME: Go's verifier.
# hostile DIR: a root without constraints and leaves of every bad shape.
SOURCE = r"""package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func pool(path string) *x509.CertPool {
	data, err := os.ReadFile(path)
	must(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		must(errors.New("no roots in " + path))
	}
	return roots
}

func pair(dir string) []tls.Certificate {
	one, err := tls.LoadX509KeyPair(dir+"/tls.crt", dir+"/tls.key")
	must(err)
	return []tls.Certificate{one}
}

func network(address string) (string, string) {
	if strings.HasPrefix(address, "unix:") {
		return "unix", address[5:]
	}
	return "tcp", address
}

func client(args []string) {
	config := &tls.Config{Certificates: pair(args[1]), RootCAs: pool(args[1] + "/ca.crt"),
		ServerName: args[2]}
	if len(args) > 3 {
		config.MaxVersion = tls.VersionTLS12
	}
	kind, address := network(args[0])
	conn, err := tls.Dial(kind, address, config)
	must(err)
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(conn, os.Stdin)
		if err == nil {
			err = conn.CloseWrite()
		}
		sent <- err
	}()
	_, err = io.Copy(os.Stdout, conn)
	must(err)
	must(<-sent)
	conn.Close()
}

func server(args []string) {
	config := &tls.Config{Certificates: pair(args[1]), ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: pool(args[1] + "/ca.crt")}
	kind, address := network(args[0])
	listener, err := net.Listen(kind, address)
	must(err)
	fmt.Println(listener.Addr())
	for {
		raw, err := listener.Accept()
		must(err)
		go func() {
			conn := tls.Server(raw, config)
			io.Copy(conn, conn)
			conn.CloseWrite()
			raw.Close()
		}()
	}
}

func verify(args []string) {
	data, err := os.ReadFile(args[0])
	must(err)
	var leaf *x509.Certificate
	rest := x509.NewCertPool()
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		must(err)
		if leaf == nil {
			leaf = cert
		} else {
			rest.AddCert(cert)
		}
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: pool(args[1]), Intermediates: rest,
		DNSName: args[2], KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	must(err)
	fmt.Println("verified")
}

type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var serial int64

func write(dir string, leaf *signer, chain ...*signer) {
	must(os.MkdirAll(dir, 0700))
	var text []byte
	for _, one := range append([]*signer{leaf}, chain...) {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.cert.Raw})...)
	}
	must(os.WriteFile(dir+"/tls.crt", text, 0600))
	key, err := x509.MarshalPKCS8PrivateKey(leaf.key)
	must(err)
	must(os.WriteFile(dir+"/tls.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0600))
}

func sign(template *x509.Certificate, by *signer) *signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	serial++
	template.SerialNumber = big.NewInt(time.Now().UnixNano() + serial)
	if template.NotAfter.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
		template.NotAfter = time.Now().Add(time.Hour)
	}
	if by == nil {
		by = &signer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	return &signer{cert, key}
}

func leaf(ids ...string) *x509.Certificate {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "hostile"},
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		DNSNames:    []string{"web.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, id := range ids {
		parsed, err := url.Parse(id)
		must(err)
		template.URIs = append(template.URIs, parsed)
	}
	return template
}

func hostile(args []string) {
	dir := args[0] + "/"
	id := "spiffe://shop.example/ns/default/sa/hostile"
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true,
			BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	root := sign(authority("lax root"), nil)
	write(dir+"root", root)
	write(dir+"good", sign(leaf(id), root))
	write(dir+"other-domain", sign(leaf("spiffe://other.example/ns/default/sa/hostile"), root))
	write(dir+"two-uris", sign(leaf(id, id+"2"), root))
	expired := leaf(id)
	expired.NotBefore, expired.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Minute)
	write(dir+"expired", sign(expired, root))
	early := leaf(id)
	early.NotBefore, early.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	write(dir+"not-yet-valid", sign(early, root))
	usual := leaf(id)
	usual.IsCA = true
	usual.KeyUsage |= x509.KeyUsageCertSign
	write(dir+"authority", sign(usual, root))
	between := sign(leaf(id), root)
	write(dir+"leaf-of-leaf", sign(leaf(id), between), between)
	unknown := leaf(id)
	unknown.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 55555, 1},
		Critical: true, Value: []byte{4, 1, 'x'}}}
	write(dir+"unknown-critical", sign(unknown, root))
	large := leaf(id)
	for i := 0; i < 4; i++ {
		large.ExtraExtensions = append(large.ExtraExtensions, pkix.Extension{
			Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 55555, 2, i}, Value: make([]byte, 30000)})
	}
	write(dir+"large", sign(large, root))
	write(dir+"self-signed", sign(leaf(id), nil))
	server := leaf(id)
	server.ExtKeyUsage = server.ExtKeyUsage[:1]
	write(dir+"server-only", sign(server, root))
}

func main() {
	map[string]func([]string){"client": client, "server": server, "verify": verify,
		"hostile": hostile}[os.Args[1]](os.Args[2:])
}
"""

MB = 1 << 20
BASE = tempfile.mkdtemp(prefix="rf-proxy-")
os.chmod(BASE, 0o755)  # the proxy is nobody, and has to reach UNIX sockets
DOMAIN = "shop.example"
_running = []


def path(*parts):
    return os.path.join(BASE, *parts)


def _clean():
    for one in reversed(_running):
        one.close()
    shutil.rmtree(BASE, ignore_errors=True)


atexit.register(_clean)
for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(_number, lambda number, frame: sys.exit(128 + number))


def read(*parts):
    with open(path(*parts), encoding="utf-8", errors="replace") as given:
        return given.read()


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as out:
        out.write(text)
    return path(name)


# --- certificates ---

def ca(*args, at="ca"):
    result = command([PROGRAM, "ca", args[0], "--dir", path(at), *args[1:]],
                     env=dict(os.environ, NO_COLOR="1"))
    if result.status != 0:
        raise RuntimeError(f"{args}: {result}")
    return result


def issue(name, *options, at="ca", account=None):
    """Into a directory of that name."""
    ca("issue", "-s", account or name, "-o", path(name), *options, at=at)
    return path(name)


def find_id(account, domain=DOMAIN):
    return f"spiffe://{domain}/ns/default/sa/{account}"


# --- processes ---

def children(pid):
    found = {}
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{other}/stat", encoding="utf-8") as stat:
                name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        if int(rest.split()[1]) == pid and rest.split()[0] != "Z":
            found[int(other)] = name
    return found


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def anonymous_kb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"^RssAnon:\s+(\d+)", status.read(), re.M).group(1))


class Proxy:
    """`ringfence proxy SIDE`; addresses are told by itself, as it listens on port 0."""
    count = 0

    def __init__(self, side, target, *options, certs="server", listen="127.0.0.1:0", roots=None,
                 metrics=True, log=True):
        Proxy.count += 1
        self.name = f"{side}-{Proxy.count}"
        self.log_path = path(self.name + ".log")
        self.metrics_path = path(self.name + ".metrics")
        argv = [PROGRAM, "proxy", side, "--target", target, "--cert", path(certs, "tls.crt"),
                "--key", path(certs, "tls.key"), "--ca", roots or path(certs, "ca.crt")]
        for one in [listen] if isinstance(listen, str) else listen:
            argv += ["--listen", one]
        if metrics:
            argv += ["--metrics", "unix:" + self.metrics_path]
        if log:
            argv += ["--access-log", self.log_path]
        with open(path(self.name + ".err"), "wb") as errors:
            self.process = subprocess.Popen([*argv, *options], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=errors)
        _running.append(self)
        if not eventually(lambda: self.process.poll() is not None or
                          ("listening on" in self.said() and self.child()), 10, 0.01):
            raise RuntimeError(self.said())
        self.addresses = re.findall(r"listening on (\S+)", self.said())

    @property
    def port(self):
        return int(self.addresses[-1].rsplit(":", 1)[1])

    def said(self):
        return read(self.name + ".err")

    def child(self):
        """The process that meets the network."""
        return next(iter(children(self.process.pid)), None)

    def lines(self):
        """The access log."""
        try:
            return [json.loads(line) for line in read(self.name + ".log").splitlines()]
        except FileNotFoundError:
            return []

    def wait_lines(self, count, seconds=5):
        eventually(lambda: len(self.lines()) >= count, seconds, 0.05)
        return self.lines()

    def page(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(self.metrics_path)
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = receive_all(sock)
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(answer)
        return body.decode()

    def value(self, name, **labels):
        """The sum of the samples that have these labels."""
        total = 0
        for line in self.page().splitlines():
            found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name and all(
                    f'{key}="{value}"' in (found[2] or "") for key, value in labels.items()):
                total += float(found[3])
        return total

    def refused(self, reason=None):
        labels = {"reason": reason} if reason else {}
        return self.value("ringfence_handshakes_total", result="refused", **labels)

    def connect(self, timeout=10):
        address = self.addresses[-1]
        if address.startswith("unix:"):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(timeout)
            sock.connect(address[5:])
            return sock
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def stop(self, number=signal.SIGTERM, seconds=20):
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def close(self):
        if self.process.poll() is not None:
            return
        below = children(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in below:
            if not eventually(lambda pid=pid: is_gone(pid), 2, 0.01):
                os.kill(pid, signal.SIGKILL)


class Other:
    """A peer's program."""

    def __init__(self, *argv, **how):
        how.setdefault("stdout", subprocess.DEVNULL)
        how.setdefault("stderr", subprocess.DEVNULL)
        how.setdefault("umask", 0)  # its UNIX sockets are for the proxy, which is nobody
        self.process = subprocess.Popen(argv, **how)
        _running.append(self)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


# --- plain programs ---

def receive_all(sock):
    parts = []
    while True:
        part = sock.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def receive_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError(f"{len(data)} of {count} bytes")
        data += part
    return data


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Backend:
    """Accepts, and runs handle(socket) in a thread for each."""

    def __init__(self, handle, address=None):
        if address:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(address)
            os.chmod(address, 0o777)
            self.address = "unix:" + address
        else:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.listener.listen(1024)
        self.handle = handle
        threading.Thread(target=self._accept, daemon=True).start()
        _running.append(self)

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            self.handle(sock)
        except OSError:
            pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def echo(sock):
    with sock:
        while True:
            data = sock.recv(65536)
            if not data:
                break
            sock.sendall(data)


def web(sock):
    """One answer of HTTP."""
    with sock:
        data = b""
        while b"\r\n\r\n" not in data:
            part = sock.recv(4096)
            if not part:
                return
            data += part
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")


# --- TLS under control ---

def context(certs="client", roots=None, version=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if roots:
        made.load_verify_locations(roots)
        made.verify_mode = ssl.CERT_REQUIRED
    if certs:
        made.load_cert_chain(path(certs, "tls.crt"), path(certs, "tls.key"))
    if version:
        made.minimum_version = made.maximum_version = version
    return made


class Tls:
    """A client that decides when its bytes leave."""

    def __init__(self, sock, made=None, name="web.example", shake=True):
        self.sock, self.come, self.go = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (made or context()).wrap_bio(self.come, self.go, server_hostname=name)
        if shake:
            self.shake()

    def hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.go.read()

    def flush(self):
        data = self.go.read()
        if data:
            self.sock.sendall(data)

    def fill(self):
        data = self.sock.recv(65536)
        if data:
            self.come.write(data)
        else:
            self.come.write_eof()

    def shake(self, hold=False):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.fill()
        if not hold:
            self.flush()
        return self

    def send(self, data, hold=False):
        for at in range(0, len(data), 16384):
            self.tls.write(data[at:at + 16384])
        if not hold:
            self.flush()

    def end(self, hold=False):
        """close_notify, and nothing else."""
        try:
            self.tls.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLSyscallError):
            pass
        if not hold:
            self.flush()

    def recv(self):
        """b"" for a proper end; ssl.SSLEOFError or ConnectionResetError for any other."""
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.flush()
                self.fill()
            except ssl.SSLZeroReturnError:
                return b""

    def recv_exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.recv()
            if not part:
                raise EOFError(f"{len(data)} of {count} bytes")
            data += part
        return data

    def recv_all(self):
        parts = []
        while True:
            part = self.recv()
            if not part:
                return b"".join(parts)
            parts.append(part)

    def close(self):
        self.sock.close()


def call(proxy, certs="client", name="web.example", made=None):
    return Tls(proxy.connect(), made or context(certs), name)


def asks(proxy, text=b"hello", **how):
    """Whether a connection with a client's certificate echoes."""
    try:
        tls = call(proxy, **how)
        tls.send(text)
        got = tls.recv_exactly(len(text))
        tls.end()
        tls.close()
        return got == text
    except (OSError, EOFError):
        return False


def why_refused(proxy, certs, **how):
    """Shows a certificate; the alert, "reset" or "closed", or "" when bytes were passed."""
    try:
        tls = call(proxy, certs, **how)
        tls.send(b"hello")
        return "" if tls.recv() else "closed"
    except ssl.SSLError as error:
        return error.reason or "closed"
    except ConnectionError:
        return "reset"


_go = None


def go():
    global _go
    if not _go:
        _go = go_program(path("go"), SOURCE)
    return _go
