"""What the machine offers a training: which device, which precision, memory to keep, and a borrowed random state."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cnn_core.errors import StudentError
from cnn_core.settings import settings


def training_device() -> torch.device:
    """The device `settings().device` names; "auto" prefers CUDA, then MPS. Raises StudentError."""
    wanted = settings().device
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if has[kind]))
    if not has[wanted]:
        raise StudentError(
            f"CONVSCOPE_DEVICE asks for {wanted}, and this machine has none.", hint="Use auto."
        )
    return torch.device(wanted)


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices faster than float32 ones.

    Only hardware counts: without AVX-512 BF16 or AMX the CPU imitates it, correctly and slowly. (Measured on
    two cores of an EPYC with AVX-512 BF16, the lesson's step of 64 images: 23 ms in float32, 11 ms in
    bfloat16.)
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and _cpu_multiplies_in_bfloat16()


@functools.cache
def _cpu_multiplies_in_bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


KEPT_BLOCK = 32 << 20  # bytes: larger blocks still come from the system one by one; glibc allows no more
KEPT_IN_ALL = 128 << 20  # bytes of free memory at the end of the heap that are not given back
_M_MXFAST, _M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = 1, -1, -3  # malloc.h


@functools.cache
def keep_freed_memory() -> bool:
    """Let the C library keep the memory that a step frees for the next step; True where it can be told.

    For the whole process, once: a step frees and takes the same few megabytes each time. Left to itself, glibc gives
    large blocks back, and the system has to clear each page when it is touched again. (Measured, the lesson's step of
    64 images on one core: 10.5 ms and 2,200 page faults before, 6.8 ms and none after.) Other C libraries have no
    such switch, and nothing happens. Source: mallopt(3).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MXFAST, 0)  # no list of small blocks apart, to be gone through whenever a large one is freed
    return bool(mallopt(_M_MMAP_THRESHOLD, KEPT_BLOCK) and mallopt(_M_TRIM_THRESHOLD, KEPT_IN_ALL))


def derived_seed(seed: int, purpose: str, number: int = 0) -> int:
    """A seed of its own for each purpose and step, so that chance depends on nothing that happened before.

    32 bits, because torch's generator on the CPU uses no more of a seed.
    """
    digest = hashlib.blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def generator(seed: int, purpose: str, number: int = 0) -> torch.Generator:
    """A generator on the CPU with the seed of that purpose and number."""
    return torch.Generator().manual_seed(derived_seed(seed, purpose, number))


@contextmanager
def borrowed_random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Inside the block torch's global generators start from `seed`; after it they are as they were.

    Dropout takes its chance from the global state and knows no other. Saving, seeding and restoring cost
    about 20 microseconds on the CPU.
    """
    on_cuda, on_mps = device.type == "cuda", device.type == "mps"
    found = torch.get_rng_state()
    found_on_device = (
        torch.cuda.get_rng_state(device) if on_cuda else torch.mps.get_rng_state() if on_mps else found
    )
    try:
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            torch.cuda.manual_seed(seed)
        elif on_mps:
            torch.mps.manual_seed(seed)
        yield
    finally:
        torch.set_rng_state(found)
        if on_cuda:
            torch.cuda.set_rng_state(found_on_device, device)
        elif on_mps:
            torch.mps.set_rng_state(found_on_device)
