"""How calls of public functions with tracked tensors are recorded, by name; methods are ``Tensor.name``.

There are four kinds. An *operator* whose record has a derivative needs no entry. A function that is in none of the
tables returns tensors that raise a ``GradientError`` once a gradient arrives.
"""

from __future__ import annotations

#: A *rule*, where it stands: a function with the parameters of the public one, which gets untracked tensors and returns
#: ``(result, inputs, saved, pull)``: the tensors among its arguments that gradients flow to; the tensors that ``pull``
#: reads; and ``pull(gradient, saved)``, which returns the gradient by each of the inputs (a tensor of the input's shape
#: or of one that broadcasting stretched it to, a function that computes it if it is asked for, or None). Of several
#: results it gets a tuple of gradients, None for each that nobody has used.
RULES: dict[str, str] = {
    # views
    "broadcast_arrays": "rules_views.broadcast_arrays",
    "broadcast_to": "rules_views.broadcast_to",
    "expand_dims": "rules_views.expand_dims",
    "flip": "rules_views.flip",
    "moveaxis": "rules_views.moveaxis",
    "permute_dims": "rules_views.permute_dims",
    "Tensor.permute": "rules_views.permute",
    "reshape": "rules_views.reshape",
    "Tensor.reshape": "rules_views.reshape_method",
    "Tensor.view": "rules_views.view",
    "squeeze": "rules_views.squeeze",
    "unstack": "rules_views.unstack",
    # copies
    "Tensor.astype": "rules_views.astype",
    # steps
    "ceil": "rules_operators.ceil",
    "floor": "rules_operators.floor",
    "floor_divide": "rules_operators.floor_divide",
    "round": "rules_operators.rounded",
    "sign": "rules_operators.sign",
    "trunc": "rules_operators.trunc",
    # reductions
    "mean": "rules_reductions.mean",
    "max": "rules_reductions.maximum",
    "min": "rules_reductions.minimum",
    "prod": "rules_reductions.product",
    "sum": "rules_reductions.total",
    "_sum_of_products": "rules_reductions.sum_of_products",
    "_sum_of_squared_deviations": "rules_reductions.sum_of_squared_deviations",
    # scans
    "cumulative_sum": "rules_scans.cumulative_sum",
    "cumulative_prod": "rules_scans.cumulative_prod",
    "cumulative_max": "rules_scans.cumulative_max",
    "cumulative_min": "rules_scans.cumulative_min",
    # joins, repetitions, moves
    "concat": "rules_joining.concat",
    "diff": "rules_joining.diff",
    "meshgrid": "rules_joining.meshgrid",
    "repeat": "rules_joining.repeat",
    "roll": "rules_joining.roll",
    "stack": "rules_joining.stack",
    "tile": "rules_joining.tile",
    "tril": "rules_joining.tril",
    "triu": "rules_joining.triu",
    # elements at positions
    "select": "rules_indexing.getitem",  # x[index]
    "embedding": "rules_indexing.embedding",
    "sort": "rules_indexing.sort",
    "take": "rules_indexing.take",
    "take_along_axis": "rules_indexing.take_along_axis",
    # products
    "einsum": "rules_contraction.einsum",
    "matmul": "rules_contraction.matmul",
    "tensordot": "rules_contraction.tensordot",
    "vecdot": "rules_contraction.vecdot",
    # statistics
    "nanmax": "rules_statistics.nanmax",
    "nanmean": "rules_statistics.nanmean",
    "nanmin": "rules_statistics.nanmin",
    "nansum": "rules_statistics.nansum",
    "std": "rules_statistics.std",
    "var": "rules_statistics.var",
    # neural networks
    "log_softmax": "rules_neural.log_softmax",
    "logsumexp": "rules_neural.logsumexp",
    "norm": "rules_neural.norm",
    "softmax": "rules_neural.softmax",
    # tensors made of numbers, and copies
    "arange": "rules_creation.arange",
    "full": "rules_creation.full",
    "full_like": "rules_creation.full_like",
    "linspace": "rules_creation.linspace",
    "logspace": "rules_creation.logspace",
    "from_flat": "rules_creation.from_flat",  # lists of numbers and tensors
}

#: *Composite*: the Python body is run with the tracked tensors, and the calls in it are recorded.
COMPOSITE: frozenset[str] = frozenset({"asarray", "matrix_transpose", "median", "percentile", "quantile"})

#: *Constant*: the results do not depend smoothly on the arguments, and are not tracked.
CONSTANT: frozenset[str] = frozenset(
    {
        "argsort",
        "can_cast",
        "count_nonzero",
        "empty_like",
        "isdtype",
        "isin",
        "nanargmax",
        "nanargmin",
        "nonzero",
        "one_hot",
        "ones_like",
        "result_type",
        "searchsorted",
        "tensor",
        "zeros_like",
    }
)
