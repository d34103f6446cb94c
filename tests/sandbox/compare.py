#!/usr/bin/env python3
"""Compares what inspect.c saw with the config.json it was run by: compare.py CONFIG REPORT.

Prints one line for each thing that is not as the file says."""
import json
import os
import re
import sys
import time

CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
LIMITS = {"RLIMIT_NOFILE": "Max open files", "RLIMIT_CORE": "Max core file size", "RLIMIT_CPU": "Max cpu time",
          "RLIMIT_FSIZE": "Max file size", "RLIMIT_NPROC": "Max processes", "RLIMIT_MEMLOCK": "Max locked memory"}
NAMES = {"network": "net", "mount": "mnt"}
ATTRIBUTES = ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"]

config = json.load(open(sys.argv[1]))
report = json.load(open(sys.argv[2]))
process, linux = config["process"], config.get("linux", {})
spaces = {entry["type"]: entry.get("path") for entry in linux.get("namespaces", [])}
wrong = []


def expect(what, seen, wanted):
    if seen != wanted:
        wrong.append(f"{what}: {seen!r}, not {wanted!r}")


def options_after(options):
    """The attributes that are on once a mount's options have been taken in their order."""
    on = set()
    opposite = {"ro": "rw", "nosuid": "suid", "nodev": "dev", "noexec": "exec", "noatime": "atime",
                "nodiratime": "diratime", "nosymfollow": "symfollow"}
    for option in options:
        for name in ATTRIBUTES:
            if option in (name, "r" + name):
                on.add(name)
            elif option in (opposite[name], "r" + opposite[name]):
                on.discard(name)
    return on


def as_text(seen):
    """What the guest wrote byte by byte."""
    return seen.encode("latin-1").decode("utf-8")


status = dict(re.findall(r"^(\w+):\t(.*)$", report["status"], re.M))
expect("args", [as_text(each) for each in report["args"]], process["args"])
# What a C library would ask the kernel for: the working directory is told by PWD.
pwd = [] if process["cwd"] == "/" else ["PWD=" + process["cwd"]]
expect("env", sorted(as_text(each) for each in report["env"]), sorted(process.get("env", []) + pwd))
expect("cwd", report["here"], report["paths"][process["cwd"]].get("id"))
user = process.get("user", {})
expect("uid", set(status["Uid"].split()), {str(user.get("uid", 0))})
expect("gid", set(status["Gid"].split()), {str(user.get("gid", 0))})
if os.geteuid() == 0:
    expect("groups", sorted(map(int, status["Groups"].split())), sorted(user.get("additionalGids", [])))
expect("umask", int(status["Umask"], 8), user.get("umask", 0o22))
# As after an execve: a user other than root keeps the ambient ones.
others = user.get("uid", 0) != 0
for line, name in {"CapBnd": "bounding", "CapEff": "effective", "CapPrm": "permitted", "CapInh": "inheritable",
                   "CapAmb": "ambient"}.items():
    names = process.get("capabilities", {}).get("ambient" if others and line in ("CapEff", "CapPrm") else name, [])
    mask = sum(1 << CAPABILITIES.index(each[4:]) for each in names if each[4:] in CAPABILITIES)
    expect(name, int(status[line], 16), mask)
expect("no_new_privs", status["NoNewPrivs"], "1")
expect("seccomp filters", (status["Seccomp"], status["Seccomp_filters"]), ("2", "1"))
if "pid" in spaces and not spaces["pid"]:
    expect("pid", status["Pid"], "1")
expect("signals blocked", int(status["SigBlk"], 16), 0)

for limit in process.get("rlimits", []):
    seen = re.search("^" + LIMITS[limit["type"]] + r"\s+(\S+)\s+(\S+)", report["limits"], re.M).groups()
    expect(limit["type"], seen, (str(limit["soft"]), str(limit["hard"])))
if "oomScoreAdj" in process:
    expect("oom_score_adj", int(report["oom_score_adj"]), process["oomScoreAdj"])
if config.get("hostname"):
    expect("hostname", report["hostname"], config["hostname"] + "\n")
if config.get("domainname"):
    expect("domainname", report["domainname"], config["domainname"] + "\n")
for name, value in linux.get("sysctl", {}).items():
    expect("sysctl " + name, report[name.split(".")[-1]], value + "\n")
expect("descriptors", report["descriptors"], [0, 1, 2, 3])  # 3 is the root that WASI preopens
if spaces.get("network") is None and "network" in spaces:
    devices = re.findall(r"^\s*(\w+):", report["devices"], re.M)
    expect("network devices", devices, ["lo"])

for kind in ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]:
    name = NAMES.get(kind, kind)
    seen = report["namespaces"][name]
    if spaces.get(kind):
        status_of = os.stat(spaces[kind])
        expect(kind + " namespace", seen, f"{name}:[{status_of.st_ino}]")
    elif (kind in spaces) == (seen == os.readlink("/proc/self/ns/" + name)):
        wrong.append(f"{kind} namespace: {seen} is {'the host' if kind in spaces else 'not the host'}'s")
offset = linux.get("timeOffsets", {}).get("monotonic", {}).get("secs", 0)
drift = report["monotonic"] - offset - time.clock_gettime(time.CLOCK_MONOTONIC)
if abs(drift) > 30:
    wrong.append(f"monotonic clock: off by {drift:.0f} seconds")



def mounts_of(text):
    """What is mounted, by where."""
    found = {}
    for line in text.splitlines():
        fields, system = line.split(" - ")
        fields = fields.split()
        found[fields[4]] = {"root": fields[3], "options": set(fields[5].split(",")), "tags": fields[6:],
                            "type": system.split()[0]}
    return found


def compare_hierarchies(where, wanted):
    """Of cgroup v1 as crun and runc show it: a directory for each hierarchy, with the own group in it."""
    for place, host in mounts_of(open("/proc/self/mountinfo").read()).items():
        if host["type"] != "cgroup":
            continue
        seen = mounted.get(f"{where}/{os.path.basename(place)}")
        if seen is None:
            wrong.append(f"nothing is mounted on {where}/{os.path.basename(place)}")
        elif "cgroup" in spaces:
            expect(f"{place}: its top", seen["root"], "/")
        elif os.geteuid() == 0 and not os.path.basename(seen["root"]).startswith("wherry-"):
            wrong.append(f"{place}: shows {seen['root']}")
        expect(f"{place}: attributes", wanted & (seen or host)["options"], wanted)


mounted = mounts_of(report["mounts"])
expect("root read-only", "ro" in mounted["/"]["options"], config["root"].get("readonly", False))
root_tags = {tag.split(":")[0] for tag in mounted["/"]["tags"]} - {"-"}
# Nothing that is mounted inside later may reach the host, so no root is shared.
expect("root propagation", root_tags, {"unbindable"} & {linux.get("rootfsPropagation", "").removeprefix("r")})
for mount in config.get("mounts", []):
    where = mount["destination"]
    if where == "/":
        continue
    seen = mounted.get(where)
    if seen is None:
        wrong.append(f"nothing is mounted on {where}")
        continue
    options = mount.get("options", [])
    kind = mount["type"]
    if kind == "cgroup" and not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        kind = "tmpfs"
        compare_hierarchies(where, options_after(options))
    elif kind == "cgroup":
        kind = "cgroup2"
    bind = {"bind", "rbind"} & set(options)
    if not bind:
        expect(f"{where}: type", seen["type"], kind)
    for name in ATTRIBUTES:
        on = name in options_after(options)
        # A bind mount also has what its source has.
        if on != (name in seen["options"]) and (on or not bind):
            wrong.append(f"{where}: {name} is {'off' if on else 'on'}")
    mapped = {"idmap", "ridmap"} & {option.split("=")[0] for option in options} or mount.get("uidMappings")
    expect(f"{where}: id-mapped", "idmapped" in seen["options"], bool(mapped))
    tags = {tag.split(":")[0] for tag in seen["tags"]}
    for option, tag in {"shared": "shared", "slave": "master"}.items():
        if {option, "r" + option} & set(options):
            if tag not in tags and os.geteuid() == 0:
                wrong.append(f"{where}: is not {option}: {seen['tags']}")
    if not {"shared", "rshared", "slave", "rslave", "unbindable", "runbindable"} & set(options) and tags:
        wrong.append(f"{where}: is not private: {seen['tags']}")
    look = report["paths"].get(where)
    if look and "error" not in look and "ro" in options_after(options):
        expect(f"{where}: writable", look["write"], False)

for path in linux.get("maskedPaths", []):
    look = report["paths"][path]
    if "error" not in look:
        expect(f"{path} masked", look["read"], 0)
for path in linux.get("readonlyPaths", []):
    if "error" not in report["paths"][path]:
        expect(f"{path} writable", report["paths"][path]["write"], False)
for device in linux.get("devices", []):
    kind = "other" if device["type"] == "p" else "character"
    expect(device["path"], report["paths"][device["path"]].get("type"), kind)
bound = [mount for mount in config.get("mounts", []) if mount["destination"] == "/dev" and mount["type"] == "bind"]
nodes = {"null": 0, "zero": 64, "full": 64, "random": 64, "urandom": 64}
for name, read in ({} if bound else nodes).items():
    look = report["paths"]["/dev/" + name]
    expect(f"/dev/{name}", (look.get("type"), look.get("read"), look.get("write")), ("character", read, True))

print("\n".join(wrong))
sys.exit(bool(wrong))
