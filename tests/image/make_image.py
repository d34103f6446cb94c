#!/usr/bin/env python3
"""Writes an OCI archive from a description on standard input, one item a line.

    name demo/hello:latest          the image's name (none: no name)
    platform wasi/wasm
    config {"Entrypoint": ["/x"]}   what becomes the config's "config"
    layer [gzip|zstd|none]          begins a layer; entries follow
    file PATH TEXT [MODE]           TEXT may be \\x escapes
    zeros PATH BYTES
    dir PATH [MODE] / symlink PATH TARGET / hardlink PATH TARGET
    device PATH / fifo PATH
    wasm BYTES [TYPE]               a layer that is a module
    corrupt layer|config            what is stored differs from its digest
    wrong-diff-id                   the config lies about the last layer
    truncate                        the last layer's blob ends too early, under its true digest
"""
import gzip, hashlib, io, json, subprocess, sys, tarfile

name, platform, config = None, "wasi/wasm", {}
layers, current, corrupt, wrong_diff_id, truncate = [], None, set(), False, False


def add(path, kind=tarfile.REGTYPE, data=b"", target="", mode=None):
    info = tarfile.TarInfo(path)
    info.type, info.size, info.linkname, info.mtime = kind, len(data), target, 1700000000
    info.mode = mode if mode is not None else (0o755 if kind == tarfile.DIRTYPE else 0o644)
    if kind == tarfile.CHRTYPE:
        info.devmajor, info.devminor = 1, 3
    # As written, without tarfile's own cleaning of the name.
    current["tar"].fileobj.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
    current["tar"].fileobj.write(data + b"\0" * (-len(data) % 512))


for line in sys.stdin:
    words = line.rstrip("\n").split(" ")
    if words == [""]:
        continue
    match words[0]:
        case "name": name = words[1]
        case "platform": platform = words[1]
        case "config": config = json.loads(" ".join(words[1:]))
        case "layer":
            buffer = io.BytesIO()
            current = {"tar": tarfile.TarFile(fileobj=buffer, mode="w"), "buffer": buffer,
                       "compression": words[1] if len(words) > 1 else "gzip"}
            layers.append(current)
        case "file":
            text = words[2].encode().decode("unicode_escape").encode("latin-1") if len(words) > 2 else b""
            add(words[1], data=text, mode=int(words[3], 8) if len(words) > 3 else None)
        case "zeros": add(words[1], data=bytes(int(words[2])))
        case "dir": add(words[1], tarfile.DIRTYPE, mode=int(words[2], 8) if len(words) > 2 else None)
        case "symlink": add(words[1], tarfile.SYMTYPE, target=words[2])
        case "hardlink": add(words[1], tarfile.LNKTYPE, target=words[2])
        case "device": add(words[1], tarfile.CHRTYPE)
        case "fifo": add(words[1], tarfile.FIFOTYPE)
        case "wasm":
            layers.append({"wasm": words[1].encode().decode("unicode_escape").encode("latin-1"),
                           "type": words[2] if len(words) > 2 else "application/wasm"})
        case "corrupt": corrupt.add(words[1])
        case "wrong-diff-id": wrong_diff_id = True
        case "truncate": truncate = True
        case _: sys.exit(f"make_image: {line!r}?")

blobs, descriptors, diff_ids = {}, [], []


def blob(data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    blobs[digest] = data
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}


for layer in layers:
    if "wasm" in layer:
        descriptors.append(blob(layer["wasm"], layer["type"]))
        continue
    data = layer["buffer"].getvalue() + bytes(1024)
    diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
    kind = "application/vnd.oci.image.layer.v1.tar"
    if layer["compression"] == "gzip":
        data, kind = gzip.compress(data, mtime=0), kind + "+gzip"
    elif layer["compression"] == "zstd":
        data, kind = subprocess.run(["zstd", "-q"], input=data, stdout=subprocess.PIPE, check=True).stdout, kind + "+zstd"
    if truncate and layer is layers[-1]:
        data = data[: len(data) // 2]
    descriptors.append(blob(data, kind))
if wrong_diff_id:
    diff_ids[-1] = "sha256:" + "0" * 64
os_name, architecture = platform.split("/")
artifact = bool(layers) and "wasm" in layers[0]
document = {"os": os_name, "architecture": architecture, "created": "2024-05-01T12:00:00Z"}
if not artifact:
    document |= {"config": config, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
config_type = "application/vnd.wasm.config.v0+json" if artifact else "application/vnd.oci.image.config.v1+json"
config_descriptor = blob(json.dumps(document).encode(), config_type)
manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                            "config": config_descriptor, "layers": descriptors}).encode(),
                "application/vnd.oci.image.manifest.v1+json")
if "layer" in corrupt:
    blobs[descriptors[-1]["digest"][7:]] += b"x"
if "config" in corrupt:
    blobs[config_descriptor["digest"][7:]] += b" "
if name:
    manifest["annotations"] = {"org.opencontainers.image.ref.name": name}

out = tarfile.TarFile(fileobj=sys.stdout.buffer, mode="w")
files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
         "index.json": json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()}
files |= {"blobs/sha256/" + digest: data for digest, data in blobs.items()}
for path, data in files.items():
    info = tarfile.TarInfo(path)
    info.size = len(data)
    out.addfile(info, io.BytesIO(data))
out.close()
