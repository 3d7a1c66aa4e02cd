"""Go programs for tests: toolchains of other versions through the module proxy, and builds."""
import glob
import json
import os
import shutil
import stat
import subprocess

# One release of each line of Go, oldest first; of the newer ones the first, in which something was
# found.
VERSIONS = ("1.16.15", "1.17.13", "1.18.10", "1.19.13", "1.20.14", "1.21.13", "1.22.12", "1.23.12",
            "1.24.0", "1.25.0", "1.26.0", "1.27.0")


def run(command, env=None, cwd=None, timeout=900):
    return subprocess.run(command, env=env, cwd=cwd, timeout=timeout, capture_output=True,
                          text=True, check=False)


def setting(name):
    """What `go env` says: an administrator may have chosen another proxy."""
    return run(["go", "env", name]).stdout.strip()


class Go:
    """One toolchain. Its environment holds nothing of the caller's but caches and the proxy."""

    def __init__(self, program, settings):
        self.program = program
        self.env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"),
                    "GOENV": "off", "GOTOOLCHAIN": "local", "GO111MODULE": "on", **settings}
        self.version = run([program, "env", "GOVERSION"], self.env).stdout.strip()

    def build(self, source, out, flags=(), **env):
        """None, or why it could not be built."""
        result = run([self.program, "build", *flags, "-o", out, "."],
                     {**self.env, "CGO_ENABLED": "0", **env}, source)
        return None if result.returncode == 0 else result.stderr[-2000:]


def settings():
    found = {name: setting(name) for name in ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE")}
    return {name: value for name, value in found.items() if value}


def installed():
    return Go(shutil.which("go"), settings()) if shutil.which("go") else None


def make_executable(root):
    """Files of the module cache are not executable; the go command mends that for itself only."""
    for pattern in ("bin/*", "pkg/tool/*/*"):
        for path in glob.glob(os.path.join(root, pattern)):
            mode = os.stat(path).st_mode
            if not mode & stat.S_IXUSR:
                os.chmod(path, mode | 0o555)


def toolchain(go, version):
    """A Go of another version, or None when it cannot be had."""
    module = f"golang.org/toolchain@v0.0.1-go{version}.linux-{setting('GOHOSTARCH')}"
    result = run([go.program, "mod", "download", "-json", module],
                 {**go.env, "GOFLAGS": "-mod=mod"}, "/")
    try:
        root = json.loads(result.stdout)["Dir"]
    except (ValueError, KeyError):
        return None
    make_executable(root)
    return Go(os.path.join(root, "bin/go"), settings())


def peer(go, module, folder):
    """A program of a module, built into folder; None when it cannot be had."""
    program = os.path.join(folder, module.split("@")[0].rsplit("/", 1)[1])
    for builder in (go, toolchain(go, VERSIONS[-1])):
        if builder and run([builder.program, "install", module],
                           {**builder.env, "GOBIN": folder}, "/").returncode == 0:
            return program
    return None
