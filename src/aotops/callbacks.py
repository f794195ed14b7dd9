"""Every Python function that the native module calls, by the name that C uses for it.

Errors are not listed: C raises them through ``aotops.errors``, which has one function for each kind.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

#: Each is imported when C first needs it, which a first result does not.
CALLBACKS = {
    "as_dtype": "aotops.dtypes.as_dtype",
    "as_operand_tensor": "aotops.namespace.operands.as_tensor",
    "backward": "aotops.autograd.engine.backward",
    "cast_inputs": "aotops.operator.cast_inputs",
    "default_memory_limit": "aotops.memory.default_limit",
    "default_thread_count": "aotops.threads.default_count",
    "derivative_reads": "aotops.autograd.engine.reads",
    "equals_numpy_dtype": "aotops.interop.numpy_dtypes.equals",
    "is_operand": "aotops.namespace.operands.is_operand",
    "foreign_astype": "aotops.namespace.operands.foreign_astype",
    "foreign_call": "aotops.foreign.call",
    "item_at": "aotops.namespace.indexing.item_at",
    "load_array_kernel": "aotops.first_call.load_array",
    "load_operator": "aotops.first_call.load",
    "masked": "aotops.namespace.masked.call",
    "matrix_product": "aotops.namespace.linear_algebra.operator_product",
    "matrix_product_in_place": "aotops.namespace.linear_algebra.in_place_product",
    "node_name": "aotops.autograd.engine.node_name",
    "normalize_axes": "aotops.shapes.normalize_axes",
    "named_tuple": "aotops.user.array_arguments.named_tuple",
    "numpy_dtype": "aotops.interop.numpy_dtypes.as_numpy",
    "numpy_parts": "aotops.interop.numpy_dtypes.parts",
    "operator_derivative": "aotops.autograd.engine.derivative",
    "operator_documentation": "aotops.operator.documentation",
    "operator_name": "aotops.user.declare.name_of",
    "operator_scalar": "aotops.operator.scalar",
    "operator_signature": "aotops.operator.signature",
    "other_operand": "aotops.operator.other_operand",
    "real_part": "aotops.autograd.rules_complex.real_part",
    "recorded_assignment": "aotops.autograd.assignment.recorded",
    "retry": "aotops.retry.retry",
    "start_tape": "aotops.autograd.engine.start",
    "plain_combined": "aotops.user.plain_python.combined",
    "plain_finished": "aotops.user.plain_python.finished",
    "plain_states": "aotops.user.plain_python.states",
    "public_name": "aotops.__getattr__",
    "tensor_type": "aotops.tensors.tensor_type",
    "unsupported_buffer": "aotops.namespace.buffers.unsupported",
}


def __getattr__(name: str) -> Any:
    if name not in CALLBACKS:
        raise AttributeError(f"module 'aotops.callbacks' has no attribute {name!r}")
    module, _, function = CALLBACKS[name].rpartition(".")
    # not cached, so that tests can replace the function
    return getattr(__import__(module, fromlist=("",)), function)
