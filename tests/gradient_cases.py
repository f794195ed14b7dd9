"""Calls of public functions whose gradients are tested: a function of inputs, their shapes or values, and PyTorch's."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """``call(ao, *inputs)`` returns a tensor or several; ``torch(torch, *inputs)`` the same by PyTorch, if it can."""

    name: str
    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    torch: Callable[..., Any] | None = None

    def arrays(self, seed: int = 0) -> list[np.ndarray]:
        """The inputs: of shapes, numbers that are far from each other and from 0."""
        generator = np.random.default_rng(seed)
        return [drawn(generator, each) if isinstance(each, tuple) else np.array(each) for each in self.inputs]


def drawn(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of both signs, each of another size: no two are near, none is near 0, and none is an integer."""
    count = int(np.prod(shape))
    return np.array(
        generator.permutation(np.linspace(0.31, 1.93, count)) * generator.choice([-1.0, 1.0], count)
    ).reshape(shape)


def grown(run: Callable[[], Any]) -> bool:
    """Whether objects are left behind by each call of a function.

    The youngest generation has all objects that were made since its last collection. To collect or count all others as
    well takes 0.3 seconds in a process that has run many tests, and hundreds of functions are examined.
    """
    gc.disable()
    try:
        run()
        gc.collect(0)
        for _ in range(10):
            run()
        return len(gc.get_objects(generation=0)) >= 10
    finally:
        gc.enable()


STEPS = [
    Case("ceil", lambda ao, x: ao.ceil(x + 0.123) * x, ((2, 3),), lambda t, x: t.ceil(x + 0.123) * x),
    Case("floor", lambda ao, x: ao.floor(x + 0.123) * x, ((2, 3),), lambda t, x: t.floor(x + 0.123) * x),
    Case("floor_divide", lambda ao, x: ao.floor_divide(x + 0.123, 0.4) * x, ((2, 3),)),
    Case("round", lambda ao, x: ao.round(x + 0.123) * x, ((2, 3),), lambda t, x: t.round(x + 0.123) * x),
    Case("sign", lambda ao, x: ao.sign(x + 0.123) * x, ((2, 3),), lambda t, x: t.sign(x + 0.123) * x),
    Case("trunc", lambda ao, x: ao.trunc(x + 0.123) * x, ((2, 3),), lambda t, x: t.trunc(x + 0.123) * x),
]

JOINING = [
    Case("concat", lambda ao, x, y: ao.concat([x, y], axis=1), ((2, 3), (2, 2)), lambda t, x, y: t.cat([x, y], 1)),
    Case("concat", lambda ao, x, y: ao.concat([x, y], axis=None), ((2, 3), (4,))),
    Case("concat", lambda ao, x: ao.concat([x, x[:1], [[1, 2, 3]], x], axis=-2), ((2, 3),)),
    Case("concat", lambda ao, x: ao.concat(x, axis=1), ((2, 3, 2),)),
    Case("concat", lambda ao, x, y: ao.concat([x, y]), ((0, 3), (2, 3)), lambda t, x, y: t.cat([x, y])),
    Case("stack", lambda ao, x, y: ao.stack([x, y], axis=-1), ((2, 3), (2, 3)), lambda t, x, y: t.stack([x, y], -1)),
    Case("stack", lambda ao, x, y: ao.stack((x, 2.0, y)), ((), ())),
    Case("stack", lambda ao, x: ao.stack(x, axis=1), ((2, 3, 2),)),
    Case("unstack", lambda ao, x: ao.unstack(x, axis=1), ((2, 3),), lambda t, x: t.unbind(x, 1)),
    Case("unstack", lambda ao, x: ao.unstack(x)[1], ((2, 3),)),
    Case("repeat", lambda ao, x: ao.repeat(x, 3), ((2, 2),), lambda t, x: t.repeat_interleave(x, 3)),
    Case("repeat", lambda ao, x: ao.repeat(x, 2, axis=-1), ((2, 3),), lambda t, x: t.repeat_interleave(x, 2, -1)),
    Case("repeat", lambda ao, x: ao.repeat(x, [2, 0, 3], axis=1), ((2, 3, 2),)),
    Case("repeat", lambda ao, x: ao.repeat(x, 0), ((3,),)),
    Case("tile", lambda ao, x: ao.tile(x, (2, 3)), ((2, 2),), lambda t, x: t.tile(x, (2, 3))),
    Case("tile", lambda ao, x: ao.tile(x, (2, 1, 2)), ((2, 3),), lambda t, x: t.tile(x, (2, 1, 2))),
    Case("tile", lambda ao, x: ao.tile(x, 2), ((2, 3),), lambda t, x: t.tile(x, (2,))),
    Case("roll", lambda ao, x: ao.roll(x, 2), ((2, 3),), lambda t, x: t.roll(x, 2)),
    Case("roll", lambda ao, x: ao.roll(x, (1, -2), axis=(0, 1)), ((2, 3),), lambda t, x: t.roll(x, (1, -2), (0, 1))),
    Case("tril", lambda ao, x: ao.tril(x, k=-1), ((3, 4),), lambda t, x: t.tril(x, -1)),
    Case("triu", lambda ao, x: ao.triu(x, k=1), ((2, 3, 4),), lambda t, x: t.triu(x, 1)),
    Case(
        "meshgrid",
        lambda ao, x, y, z: ao.meshgrid(x, y, z),
        ((2,), (3,), (2,)),
        lambda t, x, y, z: t.meshgrid(x, y, z, indexing="xy"),
    ),
    Case("meshgrid", lambda ao, x, y: ao.meshgrid(x, 5.0, y, indexing="ij"), ((2,), ())),
    Case("diff", lambda ao, x: ao.diff(x), ((2, 4),), lambda t, x: t.diff(x)),
    Case("diff", lambda ao, x: ao.diff(x, 2, axis=0), ((4, 2),), lambda t, x: t.diff(x, n=2, dim=0)),
    Case(
        "diff",
        lambda ao, x, y, z: ao.diff(x, axis=0, prepend=y, append=z),
        ((3, 2), (1, 2), ()),
    ),
    Case("diff", lambda ao, x: ao.diff(x, 5), ((3,),)),
    Case("diff", lambda ao, x: ao.diff(x, 0), ((3,),)),
]

INDEXING = [
    Case("take", lambda ao, x: ao.take(x, [2, 0, 2, -1], axis=1), ((2, 3),)),
    Case("take", lambda ao, x: ao.take(x, [[5, 0], [5, 1]]), ((2, 3),)),
    Case("take", lambda ao, x: ao.take(x, 1, axis=0), ((2, 3),)),
    Case("take", lambda ao, x: ao.take(x, [], axis=0), ((2, 3),)),
    Case("take_along_axis", lambda ao, x: ao.take_along_axis(x, [[2], [0]]), ((2, 3),)),
    Case("take_along_axis", lambda ao, x: ao.take_along_axis(x, [[1, 1, -1, 0]], axis=1), ((2, 3),)),
    Case("take_along_axis", lambda ao, x: ao.take_along_axis(x, [[[1], [0]], [[1], [1]]], axis=0), ((2, 1, 3),)),
    Case("embedding", lambda ao, w: ao.embedding([[1, 0, 1], [2, 2, -1]], w), ((4, 3),)),
    Case("embedding", lambda ao, w: ao.embedding(2, w), ((4,),)),
    Case("sort", lambda ao, x: ao.sort(x), ((2, 4),), lambda t, x: t.sort(x).values),
    Case("sort", lambda ao, x: ao.sort(x, axis=0, descending=True), ((4, 2),)),
    Case("getitem", lambda ao, x: x[[2, 0, 2]], ((3, 2),), lambda t, x: x[[2, 0, 2]]),
    Case("getitem", lambda ao, x: x[[0, 1], :, [2, 0]], ((2, 3, 4),), lambda t, x: x[[0, 1], :, [2, 0]]),
    Case("getitem", lambda ao, x: x[1, [0, 0, 1]], ((2, 3, 4),), lambda t, x: x[1, [0, 0, 1]]),
    Case("getitem", lambda ao, x: x[..., None, [[0, 1], [1, 1]]], ((2, 3),)),
    Case("getitem", lambda ao, x: x[[True, False, True], 1:], ((3, 4),)),
    Case("getitem", lambda ao, x: x[[[True, False, True], [False, True, True]]], ((2, 3),)),
    Case("getitem", lambda ao, x: x[::-2, [1, 0], True], ((4, 3),)),
    Case("getitem", lambda ao, x: x[1], ((2, 3),), lambda t, x: x[1]),
    Case("getitem", lambda ao, x: x[1, 2], ((2, 3),), lambda t, x: x[1, 2]),
    Case("getitem", lambda ao, x: x[::-1, ..., 1:], ((2, 3, 2),)),
]

CONTRACTION = [
    *[
        Case("matmul", lambda ao, x, y: ao.matmul(x, y), shapes, lambda t, x, y: t.matmul(x, y))
        for shapes in [
            ((2, 3), (3, 4)),
            ((3,), (3,)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((5, 2, 3), (3, 4)),
            ((5, 2, 3), (5, 3, 4)),
            ((2, 3), (5, 3, 4)),
            ((4, 1, 2, 3), (5, 3, 2)),
            ((3,), (2, 3, 4)),
            ((2, 4, 3), (3,)),
            ((2, 0), (0, 3)),
            ((0, 2, 3), (3, 4)),
            ((2, 3), (3, 0)),
            ((4, 2, 3), (3, 0)),
        ]
    ],
    Case("matmul", lambda ao, x, y: x.T @ y[::-1], ((3, 2), (3, 4))),
    Case("matmul", lambda ao, x: ao.matmul(x, [[1, 2], [3, 4], [5, 6]]), ((2, 3),)),
    Case("matmul", lambda ao, x: x @ x, ((2, 2),), lambda t, x: x @ x),
    Case("vecdot", lambda ao, x, y: ao.vecdot(x, y), ((2, 3), (3,)), lambda t, x, y: t.linalg.vecdot(x, y)),
    Case("vecdot", lambda ao, x, y: ao.vecdot(x, y, axis=-2), ((2, 3, 1), (1, 3, 4))),
    Case("vecdot", lambda ao, x, y: ao.vecdot(x, y, axis=0), ((3, 2), (3, 2))),
    Case(
        "tensordot",
        lambda ao, x, y: ao.tensordot(x, y, axes=((2, 0), (0, 1))),
        ((2, 3, 4), (4, 2, 5)),
        lambda t, x, y: t.tensordot(x, y, ((2, 0), (0, 1))),
    ),
    Case("tensordot", lambda ao, x, y: ao.tensordot(x, y), ((2, 3, 4), (3, 4, 2))),
    Case("tensordot", lambda ao, x, y: ao.tensordot(x, y, axes=0), ((2,), (3, 2))),
    Case("tensordot", lambda ao, x, y: ao.tensordot(x, y, axes=0), ((), (2,))),
    *[
        Case(
            "einsum",
            lambda ao, *x, subscripts=subscripts: ao.einsum(subscripts, *x),
            shapes,
            (lambda t, *x, subscripts=subscripts: t.einsum(subscripts, *x)) if in_torch else None,
        )
        for subscripts, shapes, in_torch in [
            ("ij,jk->ik", ((2, 3), (3, 4)), True),
            ("ij,jk", ((2, 3), (3, 4)), True),
            ("ii", ((3, 3),), True),
            ("ii->i", ((3, 3),), True),
            ("ijj,j->ji", ((2, 3, 3), (3,)), True),
            ("ij->", ((2, 3),), True),
            ("ij,kl->il", ((2, 3), (4, 5)), True),
            ("bij,bjk,k->b", ((2, 3, 4), (2, 4, 2), (2,)), True),
            ("...ij,...jk->...ik", ((2, 1, 2, 3), (3, 3, 2)), True),
            ("ij,ij->ij", ((1, 3), (2, 3)), False),
            ("ij,ij->j", ((1, 3), (2, 3)), False),
            ("i,i->", ((1,), (3,)), False),
            (",i->i", ((), (3,)), True),
            ("ij->ji", ((2, 3),), True),
        ]
    ],
]

AXES = [None, 0, -1, (0, 2), (0, 1, 2)]

STATISTICS = [
    *[
        Case(name, lambda ao, x, name=name, axis=axis: getattr(ao, name)(x, axis), ((2, 3, 4),))
        for name in ("mean", "var", "std", "nansum", "nanmean", "nanmax", "nanmin")
        for axis in AXES
    ],
    Case("mean", lambda ao, x: ao.mean(x, 1, keepdims=True), ((2, 3),), lambda t, x: t.mean(x, 1, keepdim=True)),
    Case("mean", lambda ao, x: ao.mean(x, 1, where=[True, False, True]), ((2, 3),)),
    Case("var", lambda ao, x: ao.var(x, 1, correction=1), ((2, 3),), lambda t, x: t.var(x, 1)),
    Case("var", lambda ao, x: ao.var(x, keepdims=True, ddof=0.5), ((2, 3),)),
    Case("var", lambda ao, x: ao.var(x, 1, where=[True, False, True, True]), ((2, 4),)),
    Case(
        "std",
        lambda ao, x: ao.std(x, 0, keepdims=True, correction=1),
        ((4, 2),),
        lambda t, x: t.std(x, 0, keepdim=True),
    ),
    Case("std", lambda ao, x: ao.std(x, 1, where=[True, False, True, True]), ((2, 4),)),
    Case("nansum", lambda ao, x: ao.nansum(x, 1), ([[1.0, np.nan, 2.0]],), lambda t, x: t.nansum(x, 1)),
    Case("nanmean", lambda ao, x: ao.nanmean(x, 1), ([[1.0, np.nan, 2.0]],), lambda t, x: t.nanmean(x, 1)),
    Case("nanmax", lambda ao, x: ao.nanmax(x, 1, keepdims=True), ([[1.0, np.nan, 2.0], [0.5, -1.0, np.nan]],)),
    Case("nanmin", lambda ao, x: ao.nanmin(x), ([[1.0, np.nan, 2.0]],)),
    *[
        Case("quantile", lambda ao, x, m=m: ao.quantile(x, [0.1, 0.6], axis=1, method=m), ((2, 5),))
        for m in ("linear", "lower", "higher", "nearest", "midpoint")
    ],
    Case(
        "quantile",
        lambda ao, x, q: ao.quantile(x, q, axis=(0, 2)),
        ((2, 3, 2), [0.2, 0.7]),
    ),
    Case("percentile", lambda ao, x: ao.percentile(x, 30.0), ((2, 3),)),
    Case("median", lambda ao, x: ao.median(x, axis=0), ((3, 2),), lambda t, x: t.median(x, 0).values),
    Case("median", lambda ao, x: ao.median(x, keepdims=True), ((2, 3),)),
]

NEURAL = [
    *[
        Case(name, lambda ao, x, name=name, axis=axis: getattr(ao, name)(x, axis), ((2, 3, 4),))
        for name in ("softmax", "log_softmax", "logsumexp")
        for axis in AXES
    ],
    Case("softmax", lambda ao, x: ao.softmax(x), ((2, 3),), lambda t, x: t.softmax(x, -1)),
    Case("log_softmax", lambda ao, x: ao.log_softmax(x, 0), ((2, 3),), lambda t, x: t.log_softmax(x, 0)),
    Case("logsumexp", lambda ao, x: ao.logsumexp(x, 1, keepdims=True), ((2, 3),), lambda t, x: t.logsumexp(x, 1, True)),
    *[
        Case(
            "norm",
            lambda ao, x, p=p: ao.norm(x, 1, ord=p),
            ((2, 3),),
            lambda t, x, p=p: t.linalg.vector_norm(x, p, 1),
        )
        for p in (2, 1, 3, 1.5, -1, float("inf"), float("-inf"))
    ],
    Case("norm", lambda ao, x: ao.norm(x), ((2, 3),), lambda t, x: t.linalg.vector_norm(x)),
    Case("norm", lambda ao, x: ao.norm(x, (0, 2), keepdims=True), ((2, 3, 2),)),
]

CREATION = [
    Case("astype", lambda ao, x: ao.astype(x, "float64"), ((2, 3),)),
    Case("asarray", lambda ao, x: ao.asarray(x, copy=True), ((2, 3),)),
    Case("asarray", lambda ao, x: ao.asarray(x), ((2, 3),)),
    Case("full", lambda ao, x: ao.full((2, 3), x), ((),)),
    Case("full_like", lambda ao, x: ao.full_like([[1.0, 2.0]], x), ((),)),
    Case("linspace", lambda ao, x, y: ao.linspace(x, y, 5), ((), ())),
    Case("linspace", lambda ao, x: ao.linspace(0, x, 4, endpoint=False), ((),)),
    Case("logspace", lambda ao, x, y, b: ao.logspace(x, y, 4, base=b), (0.5, 1.5, 3.0)),
    Case("arange", lambda ao, x, y: ao.arange(x, 3.0, y), (0.3, 0.7)),
]

VIEWS = [
    Case(
        "broadcast_to",
        lambda ao, x: ao.broadcast_to(x, (2, 4, 3)),
        ((4, 1),),
        lambda t, x: t.broadcast_to(x, (2, 4, 3)),
    ),
    Case("broadcast_arrays", lambda ao, x, y: ao.broadcast_arrays(x, y), ((2, 1), (3,))),
    Case("broadcast_arrays", lambda ao, x, y: ao.broadcast_arrays(x, y)[1], ((2, 1), (3,))),
    Case("expand_dims", lambda ao, x: ao.expand_dims(x, (0, -1)), ((2, 3),)),
    Case("flip", lambda ao, x: ao.flip(x, axis=1), ((2, 3),), lambda t, x: t.flip(x, (1,))),
    Case("matrix_transpose", lambda ao, x: ao.matrix_transpose(x), ((2, 3, 4),), lambda t, x: x.mT),
    Case("moveaxis", lambda ao, x: ao.moveaxis(x, (0, 1), (-1, 0)), ((2, 3, 4),)),
    Case("permute_dims", lambda ao, x: ao.permute_dims(x, (2, 0, 1)), ((2, 3, 4),)),
    Case("reshape", lambda ao, x: ao.reshape(x, (-1, 2)), ((4, 3),), lambda t, x: t.reshape(x, (-1, 2))),
    Case("squeeze", lambda ao, x: ao.squeeze(x, 1), ((2, 1, 3),)),
    # methods
    *[
        Case("Tensor", call, ((2, 3),))
        for call in (
            lambda ao, x: x.T,
            lambda ao, x: x.mT,
            lambda ao, x: x.permute(1, 0),
            lambda ao, x: x.reshape(3, -1),
            lambda ao, x: x.view(6),
            lambda ao, x: x.T.contiguous(),
            lambda ao, x: x.T.ravel(),
            lambda ao, x: x.T.flatten(),
            lambda ao, x: x[None].squeeze(0),
            lambda ao, x: x.copy(),
            lambda ao, x: x.astype("float64") * ao.astype(x, "float64"),
            lambda ao, x: x.to_device("cpu") * 1.0,
            lambda ao, x: tuple([row * 2.0 for row in x]),
            lambda ao, x: ao.stack([x[0, 1], x[1][2]]),
            lambda ao, x: x.sum(1) + x.mean(1) + x.std(1) + x.var(1) + x.prod(1) + x.max(1) + x.min(1),
            lambda ao, x: x.cumulative_sum(1) * x.cumulative_prod(0),
            lambda ao, x: (abs(-x) ** 1.5 / (3.0 - +x) % 30.0) @ x.T,
            lambda ao, x: [1.0, 2.0, 3.0] * x.clip(-1.0, 1.0),
        )
    ],
]

REDUCTIONS = [
    *[
        Case(name, lambda ao, x, name=name, axis=axis: getattr(ao, name)(x, axis), ((2, 3, 4),))
        for name in ("sum", "prod", "max", "min")
        for axis in AXES
    ],
    Case(
        "prod",
        lambda ao, x: ao.prod(x, 1, keepdims=True),
        ([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]],),
        lambda t, x: t.prod(x, 1, True),
    ),
    *[
        Case(name, lambda ao, x, name=name, axis=axis: getattr(ao, name)(x, axis), ((2, 3),))
        for name in ("cumulative_sum", "cumulative_prod", "cumulative_max", "cumulative_min")
        for axis in (0, -1)
    ],
    Case("cumulative_sum", lambda ao, x: ao.cumulative_sum(x, include_initial=True), ((4,),)),
    Case(
        "cumulative_prod",
        lambda ao, x: ao.cumulative_prod(x),
        ([1.0, 0.0, 2.0, 0.0, 3.0],),
        lambda t, x: t.cumprod(x, 0),
    ),
]

CASES = [*STEPS, *VIEWS, *REDUCTIONS, *JOINING, *INDEXING, *CONTRACTION, *STATISTICS, *NEURAL, *CREATION]
