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
    # products
    "matmul": "rules_products.matmul",
}

#: *Composite*: the Python body is run with the tracked tensors, and the calls in it are recorded.
COMPOSITE: frozenset[str] = frozenset({"matrix_transpose"})

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
