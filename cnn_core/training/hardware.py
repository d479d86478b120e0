"""What the machine offers a training: which device, and in which precision it is fastest."""

from __future__ import annotations

import functools

import torch

from cnn_core.errors import StudentError
from cnn_core.settings import settings


def training_device() -> torch.device:
    """The device `settings().device` names; "auto" prefers CUDA, then MPS. Raises StudentError."""
    name = settings().device
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if has[kind]))
    if not has[name]:
        raise StudentError(f"CONVSCOPE_DEVICE asks for {name}, and this machine has none.", hint="Use auto.")
    return torch.device(name)


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices faster than float32 ones.

    Only hardware counts: without AVX-512 BF16 or AMX the CPU imitates it, correctly and slowly. (Measured on
    two cores of an EPYC with AVX-512 BF16, the lesson's step of 64 images: 23 ms in float32, 11 ms in
    bfloat16.) Intel's processors have its AVX-512 instructions too, at half the rate of float32's; there only AMX is
    faster, which a virtual machine may not have. (Measured on a Xeon without it, images a second of one core in
    bfloat16 and in float32: the lesson's net 3,050 and 3,340, the modern one 710 and 840, the MLP 11,500 and 18,200.)
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and _cpu_multiplies_in_bfloat16()


@functools.cache
def _cpu_multiplies_in_bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    is_intels = "intel" in str(capabilities.get("cpu_name", "")).lower()
    return bool(capabilities.get("amx_bf16") or (capabilities.get("avx512_bf16") and not is_intels))
