"""States in files: the format safetensors, by the library of that name, which need not be installed otherwise."""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import advised
from aotops.dtypes import BY_NAME
from aotops.interop.files import as_path, replace
from aotops.namespace.creation import read

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor

#: What the library calls a dtype in a file that it reads, where that is not aotops' name.
NAMES = {
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    "F32": "float32",
    "F64": "float64",
    "BOOL": "bool",
    "C64": "complex64",
}


def library(name: str) -> Any:
    """The library; ``ImportError`` says how to install it."""
    try:
        import safetensors
    except ModuleNotFoundError:
        raise ImportError(f"{name} needs the library safetensors: pip install safetensors") from None
    return safetensors


@advised
def save(file: Any, state: Any) -> None:
    """Write tensors by name into a file in the format safetensors, which PyTorch and others read.

    Parameters:
        file: A path, or a binary file that is open for writing. What a path has is replaced at once, or stays as it is.
        state: A dict of tensors, such as ``model.state_dict()``.

    Raises:
        ImportError: The library safetensors is not installed.
        TypeError: ``file`` is neither, ``state`` is no dict of names and tensors, or the format lacks a dtype.
        OSError: The file cannot be written.
    """
    safetensors = library("save")
    if not isinstance(state, dict):
        errors.wrong_type("save", "state", "a dict of tensors", state)
    contents: dict[str, Any] = {}
    kept: list[Any] = []
    for name, value in state.items():
        if not isinstance(name, str):
            errors.wrong_type("save", "a name in state", "a string", name)
        plain = _native.alias(read("save", f"state[{name!r}]", value, None)).contiguous()
        if plain.dtype.name not in NAMES.values():
            errors.wrong_dtype("save", f"state[{name!r}]", NAMES.values(), plain.dtype.name)
        contents[name] = described(safetensors, plain, kept)
    data = safetensors.serialize(contents)
    if hasattr(file, "write"):
        file.write(data)
    else:
        replace(as_path("save", file, "write"), lambda stream: stream.write(data))


def described(safetensors: Any, plain: Tensor, kept: list[Any]) -> Any:
    """A tensor as the library takes it; what is ``kept`` must live until it has written."""
    shape, data = list(plain.shape), bytearray(memoryview(plain).tobytes())
    if not hasattr(safetensors, "TensorSpec"):  # before 0.8
        return {"dtype": plain.dtype.name, "shape": shape, "data": bytes(data)}
    from ctypes import addressof, c_char

    memory = (c_char * (len(data) + 1)).from_buffer(data + b"\0")  # of nothing there is no address
    kept.append(memory)
    return safetensors.TensorSpec(dtype=plain.dtype.name, shape=shape, data_ptr=addressof(memory), data_len=len(data))


@advised
def load(file: Any) -> dict[str, Tensor]:
    """Read the tensors in a file in the format safetensors.

    Parameters:
        file: A path, or a binary file that is open for reading.

    Returns:
        A dict of tensors by name, as ``load_state_dict`` takes it.

    Raises:
        ImportError: The library safetensors is not installed.
        TypeError: ``file`` is neither.
        ValueError: The file is not in the format, or has a dtype that aotops lacks, such as bfloat16.
        OSError: The file cannot be read.
    """
    safetensors = library("load")
    if hasattr(file, "read"):
        data = file.read()
    else:
        with open(as_path("load", file, "read"), "rb") as stream:
            data = stream.read()
    try:
        found = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        errors.reject(ValueError, "load", "file", "be in the format safetensors", f"one that is not: {error}")
    state: dict[str, Tensor] = {}
    for name, facts in found:
        own = NAMES.get(facts["dtype"])
        if own is None:
            errors.reject(ValueError, "load", name, "have a dtype that aotops has", facts["dtype"])
        shape = tuple(facts["shape"])
        part = _native.from_bytes(bytes(facts["data"]), 0, BY_NAME[own], shape, "load", name)
        state[name] = _native.astype(part, part.dtype)
    return state
