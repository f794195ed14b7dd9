"""Inputs that chance has damaged: ``.npy``, ``.npz``, pickles and DLPack capsules are read right, or are an error.

Each sample starts from good inputs, and changes bytes, lengths and order. Whatever comes of it is a tensor that can be
used, or one of the exceptions below; a crash ends the process, and the test with it.
"""

from __future__ import annotations

import io
import pickle
import random
import struct
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from capsules import Description, Producer
from layouts import DTYPES

import aotops as ao

#: Numbers that are written over others.
EXTREMES = (0, 1, 2, 7, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1)


def files() -> list[bytes]:
    """Good files of both formats, in all versions, byte orders and memory orders."""
    found = []
    for dtype in DTYPES:
        array = np.arange(6).reshape(2, 3).astype(dtype)
        for version in ((1, 0), (2, 0), (3, 0)):
            for x in (array, array.T, array.astype(array.dtype.newbyteorder())):
                stream = io.BytesIO()
                np.lib.format.write_array(stream, x, version)
                found.append(stream.getvalue())
    for compress in (False, True):
        stream = io.BytesIO()
        ao.save(stream, {"a": ao.arange(6.0), "b": ao.ones((2, 2), dtype="bool")}, compress=compress)
        found += [stream.getvalue()] * 12
    stream = io.BytesIO()
    np.savez(stream, a=np.arange(3), b=np.zeros((2, 2)))
    return [*found, *[stream.getvalue()] * 6]


def pickles() -> list[bytes]:
    """Good pickles in every protocol."""
    tensors = [ao.tensor(np.arange(6).reshape(2, 3).astype(dtype)) for dtype in DTYPES]
    return [pickle.dumps(t, protocol) for t in (*tensors, tensors[0].T) for protocol in range(6)]


def mutated(contents: bytes, chance: random.Random) -> bytes:
    """A few changes of bytes."""
    changed = bytearray(contents)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        place = chance.randrange(len(changed) + 1)
        kind = chance.randrange(8)
        if kind == 0:
            del changed[place:]
        elif kind == 1:
            changed[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif kind == 2:
            del changed[place : place + chance.randrange(1, 9)]
        elif kind == 3:
            changed[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 4 and place < len(changed):
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == 5:
            code = chance.choice("BHIQ")
            number = chance.choice(EXTREMES) % (1 << 8 * struct.calcsize(code))
            changed[place : place + struct.calcsize(code)] = struct.pack(f"<{code}", number)
        elif kind == 6:  # a decimal number in a header
            digits = [k for k, byte in enumerate(changed[:300]) if chr(byte).isdigit()]
            if digits:
                place = chance.choice(digits)
                changed[place : place + 1] = str(chance.choice((-1, *EXTREMES))).encode()
        else:
            other = chance.randrange(len(changed) + 1)
            changed[place:place] = changed[other : other + chance.randrange(40)]
    return bytes(changed)


def use(value: Any) -> None:
    """Read what a result holds, and compute with it."""
    for t in value.values() if isinstance(value, dict) else (value,):
        assert isinstance(t, ao.Tensor) and len(t.shape) == t.ndim
        if max(t.shape, default=0) > 100:  # repeated with a stride of 0, or beside an axis of length 0
            t = t[tuple([slice(2)] * t.ndim)]
        t.tolist()
        ao.equal(t, t)
        np.asarray(t).tobytes()


class Unpickler(pickle._Unpickler):  # type: ignore[name-defined]
    """Finds nothing but what pickles of tensors name, and allocates no more than there is, as Python's own do."""

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("aotops"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")

    def load_bytearray8(self) -> None:
        (length,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(min(length, 10**6))))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def try_files(chance: random.Random, good: list[bytes]) -> bool:
    try:
        value = ao.load(io.BytesIO(mutated(chance.choice(good), chance)))
    except ValueError as error:
        if not str(error).startswith("load: "):
            raise
        return False
    use(value)
    return True


def try_pickles(chance: random.Random, good: list[bytes]) -> bool:
    try:
        value = Unpickler(io.BytesIO(mutated(chance.choice(good), chance))).load()
    except MemoryError:
        return False  # pickle itself believes lengths
    except Exception:
        return False
    if isinstance(value, ao.Tensor):
        use(value)
    return True


def is_inside(tensor: Description, itemsize: int, nbytes: int) -> bool:
    """Whether a description reaches only memory that there is: what a consumer cannot check."""
    low = high = tensor.byte_offset
    for axis in range(tensor.ndim):
        if tensor.shape[axis] == 0:
            return True
        reach = (tensor.shape[axis] - 1) * tensor.strides[axis] * itemsize
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low >= 0 and high + itemsize <= nbytes


def try_capsules(chance: random.Random, good: list[bytes]) -> bool:
    """Change the numbers of a capsule, and its flags, but not its pointers."""

    def pick(*usual: int) -> int:
        return chance.choice(usual) if chance.random() < 0.7 else chance.choice((-1, -5, -(2**63), *EXTREMES))

    def change(managed: Any, tensor: Description) -> None:
        for _ in range(chance.randrange(1, 5)):
            name = chance.choice(
                ("ndim", "code", "bits", "lanes", "byte_offset", "device_type", "axes", "axes", "head")
            )
            if name == "axes":
                axes = chance.choice((tensor.shape, tensor.strides))
                axes[chance.randrange(3)] = pick(0, 1, 2, 3, 5, -1, -3)
            elif name == "head":
                if hasattr(managed, "flags"):
                    managed.flags, managed.minor = pick(0, 1, 2, 3) % 2**64, pick(0, 1) % 2**32
                    managed.major = pick(1, 1, 1, 2) % 2**32
            else:
                bits = 8 * getattr(Description, name).size
                number = pick(
                    *{"bits": (8, 16, 32, 64, 128), "byte_offset": (0, 4, 8, 16)}.get(name, (0, 1, 2, 3, 5, 6))
                )
                signed = name in ("ndim", "device_type")
                limit = 2**bits
                setattr(tensor, name, (number + limit // 2) % limit - limit // 2 if signed else number % limit)

    nbytes = 480
    producer = Producer((2, 3, 4), (12, 4, 1), versioned=chance.random() < 0.6, change=change, nbytes=nbytes)
    copy = chance.choice((None, True, False))
    tensor = producer.managed.tensor
    if copy is not False and 0 <= tensor.ndim <= 3 and not is_inside(tensor, tensor.bits // 8, nbytes):
        copy = False  # a copy would read what does not exist
    try:
        t = ao.from_dlpack(producer, copy=copy)
    except (TypeError, ValueError, BufferError, MemoryError):
        assert producer.returned <= 1
        return False
    if is_inside(tensor, t.dtype.itemsize, nbytes):
        use(t)
        assert producer.returned == (
            not np.shares_memory(np.asarray(t), np.asarray(producer.elements)) and t.size > 0
        ) or (t.size == 0)
    del t
    assert producer.returned == 1
    return True


KINDS: dict[str, tuple[Callable[[random.Random, list[bytes]], bool], Callable[[], list[bytes]]]] = {
    "files": (try_files, files),
    "pickles": (try_pickles, pickles),
    "capsules": (try_capsules, list),
}


def run(kind: str, count: int, seed: int) -> None:
    attempt, make = KINDS[kind]
    good = make()
    chance = random.Random(seed)
    right = sum(attempt(chance, good) for _ in range(count))
    assert 0.02 * count < right < 0.9 * count, f"{right} of {count} were good: the changes test nothing"


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample(kind: str) -> None:
    run(kind, 2000, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand(kind: str, seed: int) -> None:
    run(kind, 10_000, 100 + seed)
