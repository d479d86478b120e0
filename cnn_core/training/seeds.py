"""Where chance comes from: derived seeds, own generators, torch's global state left as found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


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

    device: its generator is borrowed beside the CPU's.

    Dropout takes its chance from the global state and knows no other. Saving, seeding and restoring cost
    about 20 microseconds on the CPU.
    """
    on_cuda, on_mps = device.type == "cuda", device.type == "mps"
    state = torch.get_rng_state()
    device_state = (
        torch.cuda.get_rng_state(device) if on_cuda else torch.mps.get_rng_state() if on_mps else state
    )
    try:
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            torch.cuda.manual_seed(seed)
        elif on_mps:
            torch.mps.manual_seed(seed)
        yield
    finally:
        torch.set_rng_state(state)
        if on_cuda:
            torch.cuda.set_rng_state(device_state, device)
        elif on_mps:
            torch.mps.set_rng_state(device_state)
