"""Which device and dtype this machine runs fastest, decided once by a measurement, not by a name.

bfloat16 needs AMX or AVX512-BF16 to pay off on a CPU; elsewhere float32 stays. The choice moves scores by
less than ranking can notice (README, "Numbers"), so it is never asked of the user. Eight-bit weights (torch's dynamic
ones) were 1.6 times as fast as float32 on AVX2, but moved the encoder's vectors by a cosine of .02, and are left out.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

SPEEDUP_WANTED = 1.5  # bfloat16 is taken where it is this many times as fast as float32
_ROUNDS = 8
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # malloc.h of glibc


@dataclass(frozen=True, slots=True)
class Compute:
    """`device` as torch names it ("cpu", "cuda"), the dtype of the encoders, and the ratio that decided it."""

    device: str
    dtype_name: str
    speedup: float
    threads: int

    @property
    def dtype(self) -> torch.dtype:
        import torch

        return torch.bfloat16 if self.dtype_name == "bfloat16" else torch.float32


@functools.cache
def this_machine() -> Compute:
    """Measures once a process."""
    import torch

    keep_freed_memory()
    if torch.cuda.is_available():
        return Compute("cuda", "bfloat16", 0.0, torch.get_num_threads())
    speedup = _speedup() if _computes_bfloat16() else 0.0
    name = "bfloat16" if speedup >= SPEEDUP_WANTED else "float32"
    return Compute("cpu", name, round(speedup, 2), torch.get_num_threads())


def keep_freed_memory() -> None:
    """Tells glibc to reuse freed blocks instead of returning them to the kernel after every tensor.

    Measured on two cores: a training step 2.2 s -> 1.5 s, a rerank of 50 passages 0.56 s -> 0.43 s, because large
    activations otherwise cost a page fault per 4 KiB. Does nothing where there is no glibc.
    """
    if not sys.platform.startswith("linux") or os.environ.get("RAG_CHAT_MALLOC") == "system":
        return
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:  # musl
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, 512 * 1024 * 1024)
    libc.mallopt(_M_TOP_PAD, 64 * 1024 * 1024)


def _computes_bfloat16() -> bool:
    """Whether oneDNN has products of it for this processor. Where it has none, torch's own take a second each: a
    measurement costs more than it can tell, and other work on the machine made a short one misjudge."""
    import torch

    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _speedup() -> float:
    """How many times as fast bfloat16 is. In turns, best of each: other work on the machine then slows both alike."""
    import torch

    times = [(_matmul_seconds(torch.float32), _matmul_seconds(torch.bfloat16)) for _ in range(_ROUNDS)]
    return min(plain for plain, _ in times) / min(half for _, half in times)


def _matmul_seconds(dtype: torch.dtype) -> float:
    """A product of the encoders' own shape, (1024, 384) x (384, 1536)."""
    import torch

    states, weights = torch.ones(1024, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
    start = time.perf_counter()
    states @ weights
    return time.perf_counter() - start
