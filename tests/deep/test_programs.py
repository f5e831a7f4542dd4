"""Network files that are programs: what is refused, and what the rest is confined to."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from trephine.deep.archive_check import clean_archive
from trephine.deep.external import open_external
from trephine.deep.script_check import clean_script
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError

SIZE = 32
SAMPLE = "data/sample_inputs/model.pt"
GRAPH = "models/model.json"


class Small(nn.Module):
    """One convolution and its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.c(x).mean((2, 3))


class Reads(nn.Module):
    """Gives a file of its reader as features."""

    def forward(self, x):
        found = torch.from_file("/etc/hostname", False, 2, dtype=torch.uint8)
        return x.mean((2, 3)) * 0 + found[:1].float()


class Writes(nn.Module):
    """Writes over a file of its reader when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 1

    @torch.jit.export
    def __getstate__(self):
        return self.n, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[int, bool]):
        self.n = state[0]
        self.training = state[1]

    def forward(self, x):
        return x.mean((2, 3))


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """The parts of a good archive, by path below its folder."""
    made = io.BytesIO()
    program = torch.export.export(
        Small().eval(),
        (torch.zeros(2, 3, SIZE, SIZE),),
        dynamic_shapes={"x": {0: torch.export.Dim.DYNAMIC}},
    )
    torch.export.save(program, made)
    with zipfile.ZipFile(made) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def archive_of(parts: dict[str, bytes], *more: tuple[str, bytes], root: str = "n/") -> bytes:
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")  # a name twice is meant
        for path, content in (*parts.items(), *more):
            archive.writestr(root + path, content)
    return made.getvalue()


class Touches:
    """Makes a file when it is unpickled."""

    def __init__(self, canary: str) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def saved(value: object, **how: object) -> bytes:
    made = io.BytesIO()
    torch.save(value, made, **how)
    return made.getvalue()


def variants(parts: dict[str, bytes], canary: str):
    """Yield name and archive of every way to hide code that the tests know."""
    evil = Touches(canary)
    modern, legacy = saved(evil), saved(evil, _use_new_zipfile_serialization=False)
    pickles = {f"protocol {n}": pickle.dumps(evil, protocol=n) for n in range(6)}
    pickles |= {f"junk then {k}": b"N0" + v for k, v in list(pickles.items())}
    pickles |= {f"mark, pop then {k}": b"(1" + pickles[k] for k in ("protocol 0", "protocol 2")}
    pickles |= {
        "torch": modern,
        "torch, legacy": legacy,
        "torch in a dictionary": saved({"x": [evil]}),
        "bytes before torch": b"\x00" * 8 + modern,
        "a global by text": f"cos\nmkdir\n(V{canary}\ntR.".encode(),
        "an instance": f"(V{canary}\nios\nmkdir\n.".encode(),
        "a stack global": b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93\x8c"
        + bytes([len(canary)]) + canary.encode() + b"\x85R.",
    }  # fmt: skip
    for name, content in pickles.items():
        yield name, archive_of({**parts, SAMPLE: content})
    raw = json.dumps({"a": {"path_name": "model.pt", "use_pickle": False}}).encode()
    yield "JSON that calls it raw", archive_of({**parts, SAMPLE: modern, "extra/x.json": raw})
    config = json.loads(parts["data/weights/model_weights_config.json"])
    for entry in config["config"].values():
        entry["use_pickle"] = True
    yield "weights that are pickles", archive_of({
        **parts,
        "data/weights/model_weights_config.json": json.dumps(config).encode(),
        **{f"data/weights/weight_{i}": modern for i in range(2)},
    })  # fmt: skip
    for entry in config["config"].values():
        entry["path_name"] = "../sample_inputs/model.pt"
    yield "weights elsewhere", archive_of({
        **parts, "data/weights/model_weights_config.json": json.dumps(config).encode(),
    })  # fmt: skip
    yield "a path twice", archive_of(parts, (SAMPLE, modern))
    yield "an archive inside", archive_of({**parts, SAMPLE: archive_of({"data.pkl": pickles[
        "protocol 2"]}, root="archive/")})  # fmt: skip
    for path in ("data/constants/custom_obj_0", "data/aotinductor/m/x.so", "extra/model.py"):
        yield path, archive_of({**parts, path: modern})
    call = f"__import__('os').mkdir('{canary}')"
    for size in (
        f"exec({'+'.join(f'chr({ord(c)})' for c in call)})", call, f"eval({call!r})",
        f"Symbol('s77').__class__.__init__({call})", "(lambda: 1)()", f"[{call} for i in (1,)]",
        f"Max(1, {call})", f"Symbol({call!r})", "s77.func", "2**9**9", f"Integer({call!r})",
    ):  # fmt: skip
        yield f"size {size[:20]}", with_graph(parts, ("expr_str", size))
    for target in ("torch.os.mkdir", "torch.hub.os.mkdir", "torch.ops.aten.from_file.default",
                   "torch.ops.aten.conv2d.__class__", "torch.load",
                   "torch.ops.aten.conv2d.op", "_operator.attrgetter", "math.os"):  # fmt: skip
        yield f"operator {target}", with_graph(parts, ("target", target))
    guard = f"{call} or True"
    yield "guards", with_graph(parts, ("guards_code", [guard]))
    tree = json.dumps([1, {"type": "collections.defaultdict", "context": '["os", "mkdir"]',
                           "children_spec": []}])  # fmt: skip
    yield "a tree", with_graph(parts, ("in_spec", tree))


def with_graph(parts: dict[str, bytes], change: tuple[str, object]) -> bytes:
    """The archive with each value of one key replaced in its graph."""
    key, value = change

    def walk(node: object) -> object:
        if isinstance(node, dict):
            return {k: value if k == key else walk(v) for k, v in node.items()}
        return [walk(v) for v in node] if isinstance(node, list) else node

    changed = walk(json.loads(parts[GRAPH]))
    return archive_of({**parts, GRAPH: json.dumps(changed).encode()})


def test_no_hidden_code_runs_and_all_of_it_but_guards_is_refused(parts, tmp_path):
    canary = tmp_path / "ran"
    count = refused = 0
    for name, archive in variants(parts, str(canary)):
        count += 1
        try:
            made = clean_archive(archive, "net.pt2")
        except InputError:
            refused += 1
        else:  # guards are dropped
            assert name == "guards"
            torch.export.load(io.BytesIO(made)).module(check_guards=False)
        assert not canary.exists(), name
    assert refused == count - 1 > 45


def test_a_good_archive_stays_what_it_is(parts):
    made = clean_archive(archive_of(parts), "net.pt2")
    module = torch.export.load(io.BytesIO(made)).module(check_guards=False)
    assert module(torch.zeros(5, 3, SIZE, SIZE)).shape == (5, 4)


@pytest.mark.parametrize("size", ["s77", "Symbol('s77', positive=True, integer=True) + 2", "-1",
                                  "FloorDiv(Add(Integer(-1), Symbol('u0')), 2)"])  # fmt: skip
def test_arithmetic_on_sizes_is_let_through(parts, size):
    clean_archive(with_graph(parts, ("expr_str", size)), "net.pt2")


def script(module: nn.Module) -> bytes:
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(module.eval()), made)
    return made.getvalue()


def test_a_script_that_opens_files_or_runs_when_opened_is_refused():
    with pytest.raises(InputError, match="operator that opens files"):
        clean_script(script(Reads()), "net.pt")
    with pytest.raises(InputError, match="runs when it is opened"):
        clean_script(script(Writes()), "net.pt")


@pytest.mark.parametrize(
    "line",
    ["  x = ^Evil()(x)", "  f = torch.from_file", "  x = ops.mine.op(x)", "  getattr(x, 'save')",
     "  import os", "  x = open('a')", "  c = __torch__.torch.classes.mine.C", "  x = torch.a.b(x)",
     "  x = eval('1')", "  x = (lambda: 1)()"],
)  # fmt: skip
def test_source_that_is_more_than_a_network_is_refused(line):
    content = io.BytesIO(script(Small()))
    made = io.BytesIO()
    with zipfile.ZipFile(content) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            more = f"\ndef g(x: Tensor) -> Tensor:\n{line}\n  return x\n" if name.endswith(
                ".py") else ""  # fmt: skip
            target.writestr(name, source.read(name) + more.encode())
    with pytest.raises(InputError, match="which is never run"):
        clean_script(made.getvalue(), "net.pt")


def settings_for(path: Path, **more) -> DeepSettings:
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return DeepSettings(backbone=str(path), input_size=SIZE, mean=mean, std=std, threads=1, **more)


def test_a_program_is_opened_only_when_its_own_hash_is_trusted_and_then_confined(parts, tmp_path):
    path = tmp_path / "net.pt2"
    path.write_bytes(archive_of(parts))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    for trust in (None, "0" * 64):
        with pytest.raises(InputError, match=rf'deep\.trust.*as ONNX.*trust = "{sha256}"'):
            open_external(settings_for(path, trust=trust))
    network = open_external(settings_for(path, trust=sha256))
    assert network.place == "cpu, confined"
    crops = np.random.default_rng(0).random((5, 3, SIZE, SIZE)).astype(np.float32)
    here = torch.export.load(path).module()(torch.from_numpy(crops)).detach().numpy()
    np.testing.assert_allclose(network.features(crops), here, atol=1e-6)


def test_trust_is_for_programs_and_these_are_for_the_processor():
    with pytest.raises(ValueError, match="which needs none"):
        settings_for(Path("net.onnx"), trust="0" * 64)
    with pytest.raises(ValueError, match="expected the CPU for"):
        settings_for(Path("net.pt2"), device="cuda")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' own ways")
def test_a_confined_process_has_no_network_no_files_and_no_environment(tmp_path):
    secret, canary = tmp_path / "secret", tmp_path / "written"
    secret.write_text("x")
    tries = f"""
import json, os, socket, subprocess, sys
sys.path[:] = json.loads(sys.argv[1])
from trephine.apart.confinement import confine
lacking = confine(sys.path)
def refused(do):
    try: do()
    except OSError: return True
    return False
def connect():
    socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=2)
print(json.dumps([lacking, [refused(lambda: open({str(secret)!r})),
    refused(lambda: open({str(canary)!r}, "w")), refused(lambda: open({str(secret)!r}, "r+")),
    refused(lambda: open("/etc/passwd")), refused(lambda: open("/proc/self/environ")),
    refused(lambda: subprocess.run(["/bin/sh", "-c", "true"])), refused(connect)],
    sorted(os.environ)]))
"""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        paths = json.dumps([path for path in sys.path if path and path != str(tmp_path)])
        command = [sys.executable, "-I", "-B", "-c", tries, paths, str(server.getsockname()[1])]
        found = subprocess.run(command, capture_output=True, text=True, env={}, check=True)
    lacking, refused, environment = json.loads(found.stdout)
    assert set(environment) <= {"LC_CTYPE"}
    if any("files" in part for part in lacking):
        pytest.skip("this kernel has no Landlock")
    assert all(refused[:6])
    assert refused[6] or any("network" in part for part in lacking)
    assert not canary.exists()
