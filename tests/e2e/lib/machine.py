"""A machine of its own for one whole-program test, and TAP.

A Machine is a network namespace (entered with nsenter: `ip netns exec` would hide
/sys/fs/cgroup) and a run and a state directory; close() takes everything away and says what
Ringfence left behind. Images hold one static program, tool.c.

    with Machine() as machine:
        machine.up(pod("a", ["pause"]))
        ok(machine.run("a", "exit", "3").status == 3, "the exit status is the command's")
    done()
"""

import atexit
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROGRAM = os.path.abspath(os.environ.get("RINGFENCE", os.path.join(ROOT, "build/ringfence")))
IMAGE = "test/tool:1"

# --- TAP ---

_count = 0
_failed = 0


def ok(truth, name, *notes):
    """One behaviour; notes are printed when it does not hold."""
    global _count, _failed
    _count += 1
    print(f"{'ok' if truth else 'not ok'} {_count} - {name}")
    if not truth:
        _failed += 1
        for note in notes:
            for line in str(note).splitlines():
                print(f"#   {line}")
    sys.stdout.flush()
    return bool(truth)


def same(got, want, name):
    return ok(got == want, name, f"got:  {got!r}", f"want: {want!r}")


def skip(name, why):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}")


def done():
    print(f"1..{_count}")
    sys.exit(1 if _failed else 0)


def skip_all(why):
    print(f"ok 1 - {os.path.basename(sys.argv[0])} # SKIP {why}\n1..1")
    sys.exit(0)


# --- running things ---

class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return self.out.decode(errors="replace").strip()

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def errors(self):
        return self.err.decode(errors="replace").strip()

    def __repr__(self):
        return f"status {self.status}, out {self.text[:1500]!r}, err {self.errors[:1500]!r}"


def command(argv, stdin=None, timeout=60, **how):
    """Runs to the end. Output goes to files: a supervisor that lives on must not hold a pipe."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, \
            tempfile.TemporaryFile() as given:
        given.write(stdin or b"")
        given.seek(0)
        try:
            status = subprocess.run(argv, stdin=given, stdout=out, stderr=err,
                                    timeout=timeout, check=False, **how).returncode
        except subprocess.TimeoutExpired:
            status = "timeout"
        out.seek(0)
        err.seek(0)
        return Result(status, out.read(), err.read())


def must(argv, **how):
    result = command(argv, **how)
    if result.status != 0:
        raise RuntimeError(f"{argv}: {result}")
    return result


def program_in(folder):
    """A copy of the program for other users, to whom its own place may be closed, as /root is."""
    return shutil.copy(PROGRAM, os.path.join(folder, "ringfence"))


def eventually(truth, seconds=10, pause=0.1):
    """Waits until truth() holds; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = truth()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


# --- manifests ---

def pod(name, args=("pause",), namespace="default", labels=None, container=None, **spec):
    """A Pod with one container; spec's underscored names are the PodSpec's fields."""
    one = {"name": "main", "image": IMAGE, "args": list(args)}
    one.update(container or {})
    spec = {"terminationGracePeriodSeconds": 1, "containers": [one], **spec}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": labels or {"app": name}},
            "spec": spec}


def service(name, selector, ports, namespace="default", **spec):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": selector, "ports": ports, **spec}}


def config_map(name, data, namespace="default", **fields):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace}, "data": data, **fields}


def secret(name, data, namespace="default"):
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": name, "namespace": namespace}, "stringData": data}


# --- the machine ---

def needs(*programs):
    """Skips the whole test, by name, where it cannot run."""
    if os.geteuid() != 0:
        skip_all("needs root")
    for program in programs or ("crun", "conmon"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            skip_all(f"{program} is not installed")
    if not os.access(PROGRAM, os.X_OK):
        print(f"Bail out! {PROGRAM} is not there")
        sys.exit(1)


class Machine:
    def __init__(self, runtime=None):
        self.dir = tempfile.mkdtemp(prefix="rf-e2e-")
        self.net = f"rfe2e-{os.path.basename(self.dir)[7:]}"
        self.runtime = runtime
        self.left = None
        self._closed = False
        self.state, self.run_dir = self.path("state"), self.path("run")
        self.env = dict(os.environ, RINGFENCE_RUN_DIR=self.run_dir,
                        RINGFENCE_STATE_DIR=self.state, NO_COLOR="1")
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, frame: sys.exit(128 + number))
        must(["ip", "netns", "add", self.net])
        must(self.inside("ip", "link", "set", "lo", "up"))

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def inside(self, *argv):
        return ["nsenter", f"--net=/run/netns/{self.net}", *argv]

    def node(self, *argv, **how):
        """A command on the machine itself."""
        return command(self.inside(*argv), **how)

    def ringfence(self, *argv, **how):
        return command(self.inside(PROGRAM, *argv), env=self.env, **how)

    # Images.

    def tool(self):
        """The path of the static program."""
        path = self.path("tool")
        if not os.path.exists(path):
            must(["gcc", "-O1", "-static", "-w", "-o", path, os.path.join(HERE, "tool.c")])
        return path

    def root(self, files=None, modes=None):
        """A directory with /tool, passwd and group, and files by name."""
        top = tempfile.mkdtemp(dir=self.dir, prefix="root-")
        os.chmod(top, 0o755)
        texts = {"etc/passwd": "root:x:0:0::/root:/tool\nbob:x:1234:5678::/home/bob:/tool\n",
                 "etc/group": "root:x:0:\nbobs:x:5678:\nextra:x:777:bob\nmore:x:778:bob,root\n"}
        texts.update(files or {})
        shutil.copy(self.tool(), os.path.join(top, "tool"))
        for folder in ("tmp", "root", "home/bob"):
            os.makedirs(os.path.join(top, folder))
        os.chmod(os.path.join(top, "tmp"), 0o1777)
        for name, text in texts.items():
            os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
            with open(os.path.join(top, name), "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(os.path.join(top, name), (modes or {}).get(name, 0o644))
        return top

    def pack(self, name=IMAGE, files=None, user=None, options=()):
        """Packs an archive and returns its path."""
        top = self.root(files)
        path = tempfile.mktemp(dir=self.dir, suffix=".tar")
        user_options = ["--user", user] if user else []
        must([os.path.join(ROOT, "scripts/oci-pack"), top, "-o", path, "--name", name,
              "--entrypoint", "/tool", *user_options, *options])
        shutil.rmtree(top)
        return path

    def image(self, name=IMAGE, **how):
        result = self.ringfence("image", "import", self.pack(name, **how))
        if result.status != 0:
            raise RuntimeError(f"import: {result}")

    # Pods.

    def manifest(self, *objects):
        """Writes objects (or YAML text) to a file of its own; its path."""
        if len(objects) == 1 and isinstance(objects[0], str):
            path, text = tempfile.mktemp(dir=self.dir, suffix=".yaml"), objects[0]
        else:
            path = tempfile.mktemp(dir=self.dir, suffix=".json")
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def try_up(self, *objects, options=(), timeout=60):
        if self.runtime:
            options = (*options, "--runtime", self.runtime)
        return self.ringfence("up", "-d", f"--timeout={timeout}", *options,
                              self.manifest(*objects), timeout=timeout + 30)

    def up(self, *objects, **how):
        result = self.try_up(*objects, **how)
        if result.status != 0:
            logs = self.ringfence("ps").text
            raise RuntimeError(f"up: {result}\n{logs}\n{self.log()}")
        return result

    def apply(self, *objects, options=()):
        return self.ringfence("apply", *options, self.manifest(*objects))

    def log(self):
        try:
            with open(os.path.join(self.state, "ringfence.log"), encoding="utf-8") as log:
                return log.read()
        except OSError:
            return ""

    def run(self, name, *argv, options=(), **how):
        """`exec NAME -- /tool ARGV`"""
        return self.ringfence("exec", *options, name, "--", "/tool", *argv, **how)

    def ps(self):
        return {f"{p['namespace']}/{p['name']}": p
                for p in json.loads(self.ringfence("ps", "--json").out)}

    def ip(self, name, family=4):
        key = name if "/" in name else "default/" + name
        return next(ip for ip in self.ps()[key]["ips"] if (":" in ip) == (family == 6))

    def down(self):
        return self.ringfence("down", timeout=90)

    # The end.

    def leftovers(self):
        """What should not be there after `down`."""
        left = []
        links = self.node("ip", "-o", "link").text
        left += [line for line in links.splitlines() if ": rf" in line or ": ringfence" in line]
        if self.node("nft", "list", "table", "inet", "ringfence").status == 0:
            left.append("the nftables table")
        if os.path.exists(self.run_dir):
            left.append(self.run_dir)
        if os.path.isdir(os.path.join(self.state, "pods")):
            left.append("pods of the state directory")
        for line in open("/proc/mounts", encoding="utf-8"):
            if self.dir in line:
                left.append("mount " + line.split()[1])
        return left

    def processes(self):
        """Processes whose command line names this machine's directory."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    if self.dir.encode() in line.read() and int(pid) != os.getpid():
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def close(self):
        if self._closed:
            return
        self._closed = True
        result = self.down() if os.path.exists(PROGRAM) else None
        self.left = self.leftovers()
        if result and result.status != 0:
            self.left.append(f"down: {result}")
        for pid in self.processes():
            self.left.append(f"process {pid}")
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        command(["ip", "netns", "del", self.net])
        shutil.rmtree(self.dir, ignore_errors=True)


def finish(machine):
    """Takes the machine away as the last behaviour of a test."""
    machine.close()
    same(machine.left, [], "nothing is left behind")
    done()


def nonblocking(descriptor):
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)
