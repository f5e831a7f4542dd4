"""Deep features: share of the machine's GEMM rate, and the ratio to the usual loop.

Run with ``python benchmarks/bench_deep.py``; writes benchmarks/results/deep.md. On one thread the
seconds are those of the processor, which on an idle machine are the wall's; the three kinds of
work take turns, and each counts with its fastest round, so that a busy neighbour hits them alike.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from trephine.deep import DeepSettings, Embedder
from trephine.deep.backbone import ResNet
from trephine.types import Geometry, Image

RESULTS = Path(__file__).parent / "results" / "deep.md"
BATCH = 8
GEMM_SIZES = (768, 1024, 1536, 2048)


@dataclass(frozen=True)
class Rates:
    """What one network reached, in GFLOP/s, and crops a second."""

    name: str
    gflop_per_crop: float
    gemm: float
    ours: float
    usual: float
    ours_with_cropping: float


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def flop_per_crop(network: ResNet) -> float:
    """Multiplications and additions of convolutions, as torch's own counter counts them."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros(1, 3, 224, 224))
    return float(counter.get_total_flops())


def usual_loop(network: ResNet, crops: list[torch.Tensor]) -> None:
    """One image at a time, eager, in torch's default layout."""
    with torch.no_grad():
        for crop in crops:
            network(crop.unsqueeze(0)).squeeze().numpy()


def measure(name: str, rounds: int) -> Rates:
    settings = DeepSettings(
        backbone=name, weights="random:0", threads=1, batch_size=BATCH, device="cpu"
    )
    embedder = Embedder(settings)
    plain = ResNet(name, classes=None).eval()
    plain.load_state_dict(embedder.network.module.state_dict())
    rng = np.random.default_rng(0)
    batch = rng.normal(size=(BATCH, 3, 224, 224)).astype(np.float32)
    singles = list(torch.from_numpy(batch))
    matrices = {n: torch.randn(n, n) for n in GEMM_SIZES}
    image, region = radiograph(rng)
    cases = [image] * BATCH, [region] * BATCH, ["R", "L"] * (BATCH // 2)
    flop = flop_per_crop(plain) * BATCH
    best = dict.fromkeys(("gemm", "ours", "usual", "extract"), 0.0)

    def keep(kind: str, work: float, spent: float) -> None:
        best[kind] = max(best[kind], work / spent)

    for _ in range(rounds):
        for n, matrix in matrices.items():
            keep("gemm", 2.0 * n**3, seconds(lambda m=matrix: m @ m))
        keep("ours", flop, seconds(lambda: embedder.network.features(batch)))
        keep("usual", flop, seconds(lambda: usual_loop(plain, singles)))
        keep("extract", BATCH, seconds(lambda: embedder.extract(*cases)))
    return Rates(
        name, flop / BATCH / 1e9, best["gemm"] / 1e9, best["ours"] / 1e9, best["usual"] / 1e9,
        best["extract"],
    )  # fmt: skip


def radiograph(rng: np.random.Generator) -> tuple[Image, np.ndarray]:
    """A full radiograph with one femoral head of 60 000 pixels on it."""
    rows, columns = np.indices((2140, 1760))
    region = (rows - 870) ** 2 + (columns - 900) ** 2 < 139**2
    return Image(rng.normal(1000.0, 100.0, region.shape), Geometry.plain((0.2, 0.2))), region


def report(rates: list[Rates]) -> str:
    lines = [
        "# Deep features",
        "",
        f"float32, one thread, batches of {BATCH} crops of 224 x 224; torch {torch.__version__} on"
        f" {processor()}. The GEMM rate is the best of square matrices of"
        f" {', '.join(map(str, GEMM_SIZES))}. The usual loop runs one image at a time, eager, in"
        " torch's default layout. The last column is whole: radiograph, region, crop, network.",
        "",
        "| Network | GFLOP a crop | GEMM, GFLOP/s | Trephine, GFLOP/s | of GEMM | usual loop,"
        " GFLOP/s | ratio | Trephine, crops/s | usual loop, crops/s | with cropping, cases/s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.name} | {r.gflop_per_crop:.2f} | {r.gemm:.1f} | {r.ours:.1f} |"
        f" {r.ours / r.gemm:.0%} | {r.usual:.1f} | {r.ours / r.usual:.2f} |"
        f" {r.ours / r.gflop_per_crop:.1f} | {r.usual / r.gflop_per_crop:.1f} |"
        f" {r.ours_with_cropping:.1f} |"
        for r in rates
    ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--networks", nargs="+", default=["resnet18", "resnet50"])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    text = report([measure(name, chosen.rounds) for name in chosen.networks])
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
