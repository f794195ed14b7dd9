"""aotops on Dask: tensors as chunks of Dask's arrays, and operators, built in and users', on such arrays.

Nothing here has to be imported by name: a tensor that enters a Dask array (``dask.array.from_array(t, asarray=False)``,
``t + x``) and an operator that is called with one (``aotops.exp(x)``) do it, and entry points of the distribution do it
for Dask itself. It needs ``pip install "aotops[dask]"``.
"""

from __future__ import annotations

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError(f'aotops.interop.dask needs Dask: pip install "aotops[dask]" ({error})') from error

from aotops.interop.dask.chunks import register

register()
