"""A Machine for the tests of the life of pods: its image's program is probe.c, and what is left
behind is looked for in cgroups, settings and processes, too."""

import glob
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from machine import (HERE, IMAGE, PROGRAM, ROOT, Machine, command, done, eventually, finish,
                     must, needs, ok, pod, program_in, same, service, skip, skip_all)

__all__ = ["HERE", "IMAGE", "PROGRAM", "ROOT", "Life", "command", "deployment", "done",
           "eventually", "finish", "job", "json", "must", "needs", "ok", "pod", "policy",
           "program_in", "same", "seconds", "service", "skip", "skip_all", "ThreadPoolExecutor"]


# --- manifests ---

def _workload(kind, api, name, args, namespace, labels, container, fields, spec):
    one = pod(name, args, namespace, labels, container, **spec)
    template = {"metadata": {"labels": one["metadata"]["labels"]}, "spec": one["spec"]}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace},
            "spec": {**fields, "template": template}}


def deployment(name, args=("pause",), replicas=1, namespace="default", labels=None,
               container=None, **spec):
    labels = labels or {"app": name}
    return _workload("Deployment", "apps/v1", name, args, namespace, labels, container,
                     {"replicas": replicas, "selector": {"matchLabels": labels}}, spec)


def job(name, args, namespace="default", restart="Never", **spec):
    return _workload("Job", "batch/v1", name, args, namespace, None, None, {},
                     {"restartPolicy": restart, **spec})


def policy(name, select=None, namespace="default", ingress=None, egress=None):
    """ingress, egress: lists of rules; None: not a policy of that type."""
    spec = {"podSelector": {"matchLabels": select} if select else {}, "policyTypes": []}
    for kind, rules in (("Ingress", ingress), ("Egress", egress)):
        if rules is not None:
            spec["policyTypes"].append(kind)
            spec[kind.lower()] = rules
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec}


# --- the machine ---

def _group_name(run_dir):
    """As src/host/instance.c names it: FNV-1a of the run directory."""
    value = 2166136261
    for byte in run_dir.encode():
        value = ((value ^ byte) * 16777619) & 0xffffffff
    return f"ringfence-{value:08x}"


def _state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "gone"


class Life(Machine):
    def __init__(self, image=True):
        super().__init__()
        self._settings = self.settings()
        if image:
            self.image()

    def tool(self):
        path = self.path("tool")
        if not os.path.exists(path):
            must(["gcc", "-std=gnu17", "-O1", "-static", "-o", path,
                  os.path.join(HERE, "probe.c")])
        return path

    def status(self):
        result = self.ringfence("status", "--json")
        return json.loads(result.out or '{"pods": [], "services": []}')

    def supervisor(self):
        """Its pid, or 0."""
        result = self.ringfence("status", "--json")
        return json.loads(result.out)["pid"] if result.status in (0, 1) else 0

    def one(self, workload):
        """The pod of a workload ("namespace/name" or "name" in default)."""
        namespace, _, name = workload.rpartition("/")
        for one in self.status()["pods"]:
            if one["namespace"] == (namespace or "default") and \
                    one["workload"].split("/", 1)[1] == name:
                return one
        return None

    def pods(self, workload):
        return [p for p in self.status()["pods"] if p["workload"].split("/", 1)[1] == workload]

    def container(self, workload, number=0):
        one = self.one(workload)
        return one["containers"][number] if one else None

    def lines(self, workload, number=0):
        """What a container has printed: [(seconds, text)]."""
        one = self.one(workload)
        try:
            with open(one["containers"][number]["log"], encoding="utf-8") as log:
                found = [line.rstrip("\n").split(" ", 3) for line in log]
        except (OSError, TypeError):
            return []
        return [(seconds(line[0]), line[3]) for line in found if len(line) == 4]

    def said(self, workload, number=0):
        return [text for _, text in self.lines(workload, number)]

    def pid(self, workload):
        """The first process of a pod's first main container."""
        one = self.one(workload)
        name = next(c["name"] for c in one["containers"] if not c["init"])
        with open(os.path.join(self.run_dir, "pods", one["uid"], "c", name, "pid"),
                  encoding="utf-8") as text:
            return int(text.read())

    def beside(self, pid, *steps, timeout=30):
        """Steps in the network of a process, but by one of the machine."""
        return command(["nsenter", f"--net=/proc/{pid}/ns/net", self.tool(), *steps],
                       timeout=timeout)

    def from_pod(self, workload, *steps, **how):
        return self.beside(self.pid(workload), *steps, **how)

    def background(self, *argv, **how):
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, **how)

    def denials(self):
        try:
            with open(os.path.join(self.state, "denials.log"), encoding="utf-8") as log:
                return [json.loads(line) for line in log]
        except OSError:
            return []

    # What is there besides.

    def settings(self):
        """Network settings that no traffic changes by itself."""
        found = {}
        for line in self.node("sysctl", "-a", "--pattern", r"^net\.ipv[46]").text.splitlines():
            name, _, value = line.partition(" = ")
            if not re.search(r"_count$|random|stable_secret|\.rf|\.neigh\.", name):
                found[name] = value
        return found

    def groups(self):
        name = _group_name(self.run_dir)
        return glob.glob(f"/sys/fs/cgroup/{name}") + glob.glob(f"/sys/fs/cgroup/*/{name}")

    def leftovers(self):
        left = super().leftovers()
        left += ["cgroup " + group for group in self.groups()]
        settings = self.settings()
        left += [f"{name} = {settings.get(name)}, was {value}"
                 for name, value in self._settings.items() if settings.get(name) != value]
        tables = self.node("nft", "list", "tables").text
        return left + ([tables] if tables else [])

    def processes(self):
        return [pid for pid in super().processes() if _state_of(pid) not in ("Z", "gone")]

    def kill(self, pid, signo=signal.SIGKILL):
        """Signals a process and, when it was killed, waits for its end."""
        os.kill(pid, signo)
        if signo == signal.SIGKILL:
            eventually(lambda: _state_of(pid) in ("Z", "gone"), 5, 0.01)


def seconds(stamp):
    """Of an RFC 3339 time as conmon writes it."""
    whole, _, fraction = stamp.partition(".")
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + \
        float("0." + re.match(r"\d*", fraction).group())
