"""Gradients: recording, backward, leaves, modes, views, in-place changes, memory."""

from __future__ import annotations

import copy
import gc
import importlib.util
import math
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao
from aotops import _native

has_torch = importlib.util.find_spec("torch") is not None


def leaf(data: Any, dtype: str = "float64") -> ao.Tensor:
    return ao.tensor(data, dtype=dtype, requires_grad=True)


# --- leaves and flags ---------------------------------------------------------------------------------------------


def test_a_leaf_takes_the_gradient_and_adds_to_it() -> None:
    x = leaf([1.0, 2.0])
    assert x.requires_grad and x.is_leaf and x.grad is None and x.grad_fn is None
    (x * x).sum().backward()
    first = x.grad
    assert first is not None and first.tolist() == [2.0, 4.0]
    (3 * x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5.0, 7.0]
    assert first.tolist() == [2.0, 4.0]  # whoever holds it sees no change
    x.grad = None
    assert x.grad is None


def test_results_of_recorded_calls() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2.0
    assert y.requires_grad and not y.is_leaf and y.grad is None
    assert repr(y.grad_fn) == "<gradient of multiply>"
    assert y.grad_fn is not None and y.grad_fn.function is ao.multiply
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(y) == "tensor([2., 4.], grad_fn=<gradient of multiply>)"
    assert not (x > 1.0).requires_grad and not x.astype("int64").requires_grad
    assert not ao.argmax(x).requires_grad and not y.detach().requires_grad
    assert ao.ones(2).is_leaf and not ao.ones(2).requires_grad


def test_functions_that_make_tensors_take_requires_grad() -> None:
    x = ao.ones((2, 3))
    made: list[Callable[..., ao.Tensor]] = [
        lambda **o: ao.tensor([1.0], **o),
        lambda **o: ao.asarray([1.0], **o),
        lambda **o: ao.asarray(np.ones(3), **o),
        lambda **o: ao.zeros(3, **o),
        lambda **o: ao.ones(3, **o),
        lambda **o: ao.full(3, 0.5, **o),
        lambda **o: ao.empty(3, **o),
        lambda **o: ao.zeros_like(x, **o),
        lambda **o: ao.ones_like(x, **o),
        lambda **o: ao.full_like(x, 2.0, **o),
        lambda **o: ao.empty_like(x, **o),
        lambda **o: ao.arange(3.0, **o),
        lambda **o: ao.linspace(0, 1, 3, **o),
        lambda **o: ao.linspace(0, 1, 3, dtype="float32", **o),
        lambda **o: ao.logspace(0, 1, 3, **o),
        lambda **o: ao.eye(3, **o),
        lambda **o: ao.random.uniform(shape=3, **o),
        lambda **o: ao.random.normal(shape=3, dtype="float32", **o),
    ]
    for make in made:
        assert not make().requires_grad and not make(requires_grad=False).requires_grad
        leaf = make(requires_grad=True)
        assert leaf.requires_grad and leaf.is_leaf
        (leaf * 2.0).sum().backward()
        assert leaf.grad is not None and set(np.asarray(leaf.grad).ravel().tolist()) == {2.0}
    with pytest.raises(TypeError, match="floats or complex numbers"):
        ao.arange(3, requires_grad=True)
    shared = ao.asarray(x, requires_grad=True)
    x[0, 0] = 5.0
    assert shared is not x and not x.requires_grad and shared.tolist() == x.tolist()
    tracked = shared * 1.0
    assert ao.asarray(tracked, requires_grad=True) is tracked and ao.asarray(x) is x
    assert ao.linspace(ao.tensor(0.0, requires_grad=True), 1.0, 3, requires_grad=True).grad_fn is not None


def test_modes_are_decorators_without_parentheses() -> None:
    x = leaf([1.0])

    @ao.no_grad
    def double(x: ao.Tensor) -> ao.Tensor:
        """Twice."""
        return x * 2

    @ao.enable_grad
    def triple(x: ao.Tensor) -> ao.Tensor:
        return x * 3

    assert not double(x).requires_grad and double.__doc__ == "Twice." and ao.is_grad_enabled()
    with ao.no_grad():
        assert triple(x).requires_grad and not (x * 2).requires_grad


def test_requires_grad_can_be_changed() -> None:
    x = ao.ones(2)
    x.requires_grad = True
    x.requires_grad = True
    assert x.requires_grad_() is x
    y = x * 2
    with pytest.raises(ao.GradientError, match=r"requires_grad: value must stay True .* multiply; write x.detach\(\)"):
        y.requires_grad = False
    x.requires_grad_(False)
    assert not x.requires_grad and x.grad is None
    y.sum().backward()  # its graph lives on
    for dtype in ("int64", "bool"):
        with pytest.raises(TypeError, match="must be of floats or complex numbers, got"):
            ao.zeros(2, dtype=dtype).requires_grad_()
    with pytest.raises(AttributeError):
        del x.requires_grad
    for make in (lambda: ao.zeros(2, requires_grad=True), lambda: ao.full(2, 1.0, requires_grad=True)):
        assert make().requires_grad
    assert ao.empty(2, requires_grad=True).requires_grad and ao.ones(2, dtype="float32", requires_grad=True).is_leaf


def test_the_gradient_can_be_set() -> None:
    x = leaf([1.0, 2.0])
    x.grad = ao.ones(2)
    (x * 2).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match=r"grad: gradient must be of shape \(2,\) and dtype float64"):
        x.grad = ao.ones(3)
    with pytest.raises(TypeError, match="grad: value must be a Tensor or None, got"):
        x.grad = 1.0  # type: ignore[assignment]
    with pytest.raises(ao.GradientError, match="grad: the tensor must require gradients"):
        ao.ones(2).grad = ao.ones(2)
    x.grad = x * 2
    assert x.grad is not None and not x.grad.requires_grad


def test_retained_gradients() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    y.retain_grad()
    (y * 3).sum().backward()
    assert y.grad is not None and y.grad.tolist() == [3.0, 3.0]
    with pytest.raises(ao.GradientError, match="retain_grad: the tensor must require gradients"):
        ao.ones(2).retain_grad()
    x.retain_grad()
    assert x.grad is not None and x.grad.tolist() == [6.0, 12.0]


# --- backward -----------------------------------------------------------------------------------------------------


def test_backward_wants_a_gradient_for_several_elements() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(ao.GradientError, match="gradient must be given for more than one element"):
        (x * 2).backward()
    (x * 2).backward(ao.tensor([1.0, 10.0]))
    assert x.grad is not None and x.grad.tolist() == [2.0, 20.0]
    with pytest.raises(ValueError, match="gradient must be of shape"):
        (x * 2).backward(ao.ones(3))
    with pytest.raises(ao.GradientError, match="x must require gradients"):
        ao.ones(()).backward()
    x.backward([5.0, 5.0])
    assert x.grad is not None and x.grad.tolist() == [7.0, 25.0]


def test_a_graph_is_spent_by_backward() -> None:
    x = leaf([1.0, 2.0])
    y = ao.exp(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad is not None
    assert np.allclose(x.grad.tolist(), 2 * np.exp([1.0, 2.0]))
    with pytest.raises(ao.GradientError, match=r"exp, which a backward before has freed; .* retain_graph=True"):
        y.backward()


def test_grad_changes_no_leaf() -> None:
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    y = (x * w).sum()
    gx, gw = ao.grad(y, (x, w), retain_graph=True)
    assert gx.tolist() == [3.0, 3.0] and gw.item() == 3.0 and x.grad is None and w.grad is None
    inner = x * 2
    assert ao.grad((inner * inner).sum(), inner)[0].tolist() == [4.0, 8.0]
    with pytest.raises(ao.GradientError, match=r"inputs\[0\] must be used by an output"):
        ao.grad(y, leaf(1.0), retain_graph=True)
    assert ao.grad(y, leaf(1.0), allow_unused=True) == (None,)
    a, b = ao.grad((x * 2, x * 3), x, (ao.ones(2), ao.ones(2)))[0].tolist()
    assert (a, b) == (5.0, 5.0)


def test_a_tensor_that_is_used_many_times() -> None:
    x = leaf([1.0, 2.0])
    y = x * x + x * 3 - x
    z = y + y * y
    z.sum().backward()
    v = np.array([1.0, 2.0])
    inner = v * v + 2 * v
    assert x.grad is not None and np.allclose(x.grad.tolist(), (1 + 2 * inner) * (2 * v + 2))


# --- modes --------------------------------------------------------------------------------------------------------


def test_modes() -> None:
    x = leaf([1.0])
    assert ao.is_grad_enabled()
    with ao.no_grad():
        assert not ao.is_grad_enabled() and not (x * 2).requires_grad
        with ao.enable_grad():
            assert (x * 2).requires_grad
        assert not ao.is_grad_enabled()
    assert ao.is_grad_enabled()
    with pytest.raises(ZeroDivisionError), ao.no_grad():
        _ = 1 / 0
    assert ao.is_grad_enabled()

    @ao.no_grad()
    def double(x: ao.Tensor) -> ao.Tensor:
        """Twice."""
        return x * 2

    assert not double(x).requires_grad and double.__doc__ == "Twice." and double.__name__ == "double"

    @ao.no_grad()
    def steps() -> Any:
        yield ao.is_grad_enabled()
        yield ao.is_grad_enabled()

    for flag in steps():
        assert not flag and ao.is_grad_enabled()


def test_modes_belong_to_a_thread() -> None:
    seen: list[bool] = []
    with ao.no_grad():
        thread = threading.Thread(target=lambda: seen.append(ao.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_without_gradients_no_call_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from aotops.autograd import calls

    gc.collect()
    reached: list[Any] = []
    monkeypatch.setattr(calls, "detached", lambda *values: reached.append(values))
    x = ao.ones((3, 3))
    _ = (x + x).T[0], ao.take(x, ao.tensor([0])), ao.softmax(x), x.sum(), x @ x, x.reshape(-1)
    assert not reached


# --- operators ----------------------------------------------------------------------------------------------------


def test_broadcasting_is_summed_and_cast_back() -> None:
    a = leaf([[1.0], [2.0]], "float32")
    b = leaf([10.0, 20.0, 30.0])
    c = leaf(2.0)
    y = a * b + c
    assert y.dtype.name == "float64"
    y.sum().backward()
    assert a.grad is not None and a.grad.dtype.name == "float32" and a.grad.tolist() == [[60.0], [60.0]]
    assert b.grad is not None and b.grad.tolist() == [3.0, 3.0, 3.0]
    assert c.grad is not None and c.grad.item() == 6.0 and c.grad.shape == ()
    d = leaf([[[1.0]]])
    (d + ao.ones(())).backward(ao.full((1, 1, 1), 2.0))
    assert d.grad is not None and d.grad.tolist() == [[[2.0]]]


def test_numbers_lists_and_fixed_inputs() -> None:
    x = leaf([1.0, -2.0])
    y = 2 * x + [1.0, 1.0] - np.array([3.0, 4.0]) * x + 1 / x + x**3 + 2.0**x
    y.sum().backward()
    v = np.array([1.0, -2.0])
    want = 2 - np.array([3.0, 4.0]) - 1 / v**2 + 3 * v**2 + 2.0**v * math.log(2)
    assert x.grad is not None and np.allclose(x.grad.tolist(), want)
    x.grad = None
    ao.where(x > 0, x, x * 5).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 5.0]
    x.grad = None
    ao.clip(x, max=0.0).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0]
    x.grad = None
    (x * ao.tensor([2, 3])).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 3.0]


def test_only_what_a_formula_reads_is_kept() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    total = x + y
    with ao.no_grad():
        x += 1.0  # an addition reads nothing
    total.sum().backward()
    product = x * y
    with ao.no_grad():
        x += 1.0
    with pytest.raises(
        ao.GradientError, match=r"what the gradient of multiply reads must .*, got a tensor of shape \(2,\) that was"
    ):
        product.sum().backward()
    root = ao.sqrt(x)
    with ao.no_grad():
        x += 1.0  # it reads its result
    root.sum().backward()


def every_operator() -> list[str]:
    names = [name.removesuffix(".derivative") for name in _native.operators if name.endswith(".derivative")]
    return [name for name in names if not name.startswith("_")]


def test_operators_agree_with_their_derivatives_and_finite_differences() -> None:
    rng = np.random.default_rng(0)
    names = every_operator()
    assert len(names) > 40
    for name in names:
        operator = getattr(ao, name)
        count = len(operator.parameters)
        data = [rng.uniform(0.2, 0.8, 5) if name != "acosh" else rng.uniform(1.2, 3.0, 5) for _ in range(count)]
        inputs = [ao.tensor(each, requires_grad=True) for each in data]
        if name == "where":
            inputs[0] = ao.tensor([True, False, True, True, False])
        result = operator(*inputs)
        g = ao.tensor(rng.uniform(-1, 1, 5))
        result.backward(g)
        direct = operator.derivative(*[each.detach() for each in inputs], result.detach(), g)
        direct = direct if isinstance(direct, tuple) else (direct,)
        got = [each.grad for each in inputs if each.requires_grad]
        for one, other in zip(got, direct, strict=True):
            assert one is not None and one.tolist() == (other + ao.zeros(5)).tolist(), name
        assert ao.grad_check(lambda *values, f=operator: f(*values), *[each.detach() for each in inputs]), name


def test_steps_have_a_gradient_of_zero() -> None:
    for function in (ao.floor, ao.ceil, ao.round, ao.trunc, ao.sign, lambda x: x // 0.3, lambda x: 2.0 // x):
        x = leaf([1.5, -2.5])
        (function(x) * x).sum().backward()
        assert x.grad is not None and x.grad.tolist() == function(x.detach()).tolist()


def test_operators_without_a_derivative_say_so() -> None:
    x = leaf([1.5, 2.5])
    y = ao.nextafter(x, x)
    with pytest.raises(ao.GradientError, match=r"nextafter: the operation must have a derivative, got none"):
        y.sum().backward()


def test_gradients_of_gradients_are_named() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match="gradients of gradients are not recorded"):
        ao.grad((x * x).sum(), x, create_graph=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="gradients of gradients are not recorded"):
        (x * x).sum().backward(create_graph=True)  # type: ignore[call-arg]


def test_rules_of_python_are_checked() -> None:
    x = leaf([1.0, 2.0])
    for pull, text in (
        (lambda gradient, saved: gradient, "exp: its rule must return a tuple of 1 gradients, tensors or None, got"),
        (lambda gradient, saved: (), "gradients, tensors or None, got tuple"),
        (lambda gradient, saved: (1.0,), "'float' object is not callable"),
        (lambda gradient, saved: (lambda: 1.0,), "its rule must return a tuple"),
        (
            lambda gradient, saved: (ao.ones(3),),
            r"exp: the gradient must have the shape of the input, \(2,\), got \(3,\)",
        ),
    ):
        result = _native.record(ao.exp, ao.ones(2), (x,), (), pull)
        with pytest.raises((ao.GradientError, TypeError), match=text):
            result.sum().backward()
    result = _native.record(ao.exp, ao.ones(2), (x, None), (), lambda gradient, saved: (None, None))
    result.sum().backward()
    assert x.grad is None


# --- reductions and scans -----------------------------------------------------------------------------------------

REDUCTIONS = ("sum", "prod", "mean", "max", "min")


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str) -> None:
    function = getattr(ao, name)
    data = np.random.default_rng(1).uniform(0.5, 2.0, (3, 4, 2))
    for axis in (None, 0, -1, (0, 2), (1,), ()):
        for keepdims in (False, True):
            assert ao.grad_check(lambda x, a=axis, k=keepdims: function(x, a, keepdims=k), ao.tensor(data))
            assert ao.grad_check(lambda x, a=axis, k=keepdims: function(x.T * 1.0, axis=a, keepdims=k), ao.tensor(data))


def test_products_with_zeros() -> None:
    for values, want in (([2.0, 0.0, 3.0], [0.0, 6.0, 0.0]), ([0.0, 0.0, 3.0], [0.0, 0.0, 0.0])):
        x = leaf(values)
        x.prod().backward()
        assert x.grad is not None and x.grad.tolist() == want
        x.grad = None
        ao.cumulative_prod(x).sum().backward()
        assert x.grad is not None
        v = np.array(values)
        slopes = [sum(np.prod(np.delete(v[: j + 1], k)) for j in range(k, 3)) for k in range(3)]
        assert x.grad.tolist() == slopes


@pytest.mark.parametrize("special", [None, 0.0, 1e200, 1e-200, math.inf])
def test_running_products_of_any_length(special: float | None) -> None:
    """Also where products over- or underflow, or are 0, so that nothing can be divided by them."""
    for length in (1, 2, 3, 5, 8, 13):
        values = np.random.default_rng(length).uniform(0.5, 2.0, (length, 3))
        if special is not None:
            values[:: max(length // 2, 1), 1] = special
        weights = np.random.default_rng(1).uniform(-1.0, 1.0, (length + 1, 3))
        want = np.zeros((length, 3))
        with np.errstate(over="ignore", invalid="ignore"):
            for k in range(length):
                # the slope of each running product: the product of all others that it has
                others = np.cumprod(np.where(np.arange(length)[:, None] == k, 1.0, values), axis=0)
                want[k] = (others[k:] * weights[1 + k :]).sum(0)
        for axis in (0, 1):
            x = leaf(values if axis == 0 else values.T)
            y = ao.cumulative_prod(x, axis, include_initial=True)
            (y * ao.tensor(weights if axis == 0 else weights.T)).sum().backward()
            assert x.grad is not None
            found = np.asarray(x.grad if axis == 0 else x.grad.T)
            known = np.isfinite(want)
            np.testing.assert_allclose(found[known], want[known], rtol=1e-12)
            assert not np.isfinite(found[~known]).any()


def test_extremes_with_masks_and_initial_values() -> None:
    x = leaf([[1.0, 7.0, 3.0], [5.0, math.nan, 5.0], [2.0, 2.0, 1.0]])
    mask = ao.tensor([[True, False, True]])
    (ao.max(x, axis=1, where=mask, initial=-9.0) * [1.0, 10.0, 100.0]).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 0.0, 1.0], [5.0, 0.0, 5.0], [100.0, 0.0, 0.0]]


def test_ties_share_the_gradient() -> None:
    x = leaf([[1.0, 3.0, 3.0], [5.0, 5.0, 5.0]])
    x.max(1).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]
    y = leaf([math.nan, 1.0])
    y.max().backward()
    assert y.grad is not None and y.grad.tolist() == [1.0, 0.0]


def test_empty_reductions() -> None:
    x = leaf(np.zeros((0, 3)))
    (x.sum() + x.prod() + x.sum(0).sum()).backward()
    assert x.grad is not None and x.grad.shape == (0, 3)


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod", "cumulative_max", "cumulative_min"])
def test_scans(name: str) -> None:
    function = getattr(ao, name)
    data = ao.tensor(np.random.default_rng(2).permutation(24).reshape(4, 6) / 7.0 + 0.5)
    for axis in (0, 1, -2):
        for initial in (False, True) if name in ("cumulative_sum", "cumulative_prod") else (False,):
            options = {"include_initial": True} if initial else {}
            assert ao.grad_check(lambda x, a=axis, o=options: function(x, a, **o), data)
    x = leaf([1.0, 3.0, 3.0, 2.0])
    ao.cumulative_max(x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 3.0, 0.0, 0.0]
    y = leaf([[1.0, math.nan, 2.0, math.nan], [2.0, 1.0, math.inf, 3.0]])
    (ao.cumulative_max(y, 1) * [1.0, 10.0, 100.0, 1000.0]).sum().backward()
    assert y.grad is not None and y.grad.tolist() == [[1.0, 1110.0, 0.0, 0.0], [11.0, 0.0, 1100.0, 0.0]]
    z = leaf(np.zeros((2, 0)))
    (ao.cumulative_max(z, 1).sum() + ao.cumulative_prod(z, 1).sum() + ao.cumulative_sum(z, 1).sum()).backward()
    assert z.grad is not None and z.grad.shape == (2, 0)


# --- views --------------------------------------------------------------------------------------------------------

VIEWS: dict[str, Any] = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(2, 0, 1),
    "permute_dims": lambda x: ao.permute_dims(x, (-1, 0, 1)),
    "moveaxis": lambda x: ao.moveaxis(x, 0, -1),
    "matrix_transpose": lambda x: ao.matrix_transpose(x),
    "reshape": lambda x: x.reshape(4, -1),
    "reshape of T": lambda x: x.T.reshape(-1),
    "function reshape": lambda x: ao.reshape(x, (2, 12)),
    "view": lambda x: x.view(-1),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.T.flatten(),
    "copy": lambda x: x.copy(),
    "contiguous": lambda x: x.T.contiguous(),
    "astype": lambda x: x.astype("float32").astype("float64"),
    "function astype": lambda x: ao.astype(x, "float64"),
    "row": lambda x: x[1],
    "element": lambda x: x[1, 2, 0] * x[0, 0, 0],
    "slices": lambda x: x[::-1, 1:3, None, ...],
    "steps": lambda x: x[:, ::2],
    "ellipsis": lambda x: x[..., 0],
    "empty slice": lambda x: ao.concat([x[:, 3:3].reshape(-1), x[0, 0]]) if False else x[:, 3:3].sum() + x.sum(),
    "iteration": lambda x: sum(row.sum() * (k + 1) for k, row in enumerate(x)),
    "flip": lambda x: ao.flip(x, axis=(0, 1)),
    "expand_dims": lambda x: ao.expand_dims(x, 1),
    "squeeze": lambda x: ao.squeeze(x[:, :1], 1),
    "method squeeze": lambda x: x[:, :1].squeeze(),
    "broadcast_to": lambda x: ao.broadcast_to(x[:, :1], (5, 2, 3, 4)),
    "broadcast_arrays": lambda x: ao.broadcast_arrays(x[0, :1], x[1])[0],
    "unstack": lambda x: ao.unstack(x, axis=1)[2] * ao.unstack(x, axis=1)[0],
    "negative": lambda x: (x * 1.0)[-1, -2:],
}


def test_views() -> None:
    x = ao.tensor(np.random.default_rng(3).normal(size=(2, 3, 4)))
    for name, view in VIEWS.items():
        assert ao.grad_check(lambda x, f=view: f(x) * f(x), x), name
        assert ao.grad_check(lambda x, f=view: f(x.T.T * 2.0), x), name


def test_views_share_memory_and_are_tracked() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert all(view.requires_grad for view in (x.T, x[0], x.reshape(-1), x.detach().requires_grad_().T))
    with ao.no_grad():
        x.T[0, 1] = 7.0
    assert x[1, 0].item() == 7.0


# --- writing ------------------------------------------------------------------------------------------------------


def test_a_leaf_is_not_written_to() -> None:
    x = leaf([1.0, 2.0])

    def assign() -> None:
        x[0] = 1.0

    def add() -> None:
        nonlocal x
        x += 1.0

    for write in (assign, add, lambda: ao.add(ao.ones(2), 1.0, out=x), lambda: ao.exp(x, out=x)):
        with pytest.raises(ao.GradientError, match="must not be a tensor that requires gradients"):
            write()
    view = x[:1]
    with pytest.raises(ao.GradientError, match="must share its memory with no other tensor"):
        view += 1.0
    with ao.no_grad():
        x += 1.0
        x[0] = 0.0
    assert x.tolist() == [0.0, 3.0] and x.is_leaf


def test_results_are_written_to() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2.0
    y += x
    y *= x
    y[0] = 5.0
    y[2:] = x[1:2] * 4.0
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 6 * 2.0 + 4.0, 0.0]
    z = ao.zeros(3)
    z[1] = x[0] * 2
    z[2:] = x[1:2]
    assert z.requires_grad
    x.grad = None
    (z * ao.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [20.0, 100.0, 0.0]
    w = x * 1.0
    w[ao.tensor([True, False, True])] = 0.0
    x.grad = None
    w.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0, 0.0]
    v = x * 1.0
    v[ao.tensor([0, 0])] = 0.0
    x.grad = None
    v.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0, 1.0]
    out = ao.empty(3)
    ao.multiply(x, 3.0, out=out)
    x.grad = None
    out.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [3.0, 3.0, 3.0]


def test_writing_is_refused_where_a_gradient_would_be_wrong() -> None:
    x = leaf([1.0, 2.0])
    y = x * 1.0
    view = y[:1]
    with pytest.raises(ao.GradientError, match="share its memory with no other tensor"):
        y += 1.0
    del view
    y += 1.0
    z = ao.zeros(2)
    row = z[:]
    with pytest.raises(ao.GradientError, match="share its memory with no other tensor"):
        z[0] = x[0]
    assert row.tolist() == [0.0, 0.0]
    with pytest.raises(ao.GradientError, match="positions, which may repeat"):
        (x * 1.0)[ao.tensor([0, 0])] = x
    with pytest.raises(ao.GradientError, match="out must be left out"):
        ao.mean(x, out=ao.empty(()))


def test_writes_by_every_way_are_noticed() -> None:
    def written(write: Any) -> None:
        x = leaf([[1.0, 2.0], [3.0, 4.0]])
        y = ao.exp(x)
        alias = y.detach()
        write(alias)
        with pytest.raises(
            ao.GradientError,
            match=r"the gradient of exp reads must have .*, got a tensor of shape \(2, 2\) that was written to since",
        ):
            y.sum().backward()

    def in_place(t: ao.Tensor) -> None:
        t += 1

    def through_a_view(t: ao.Tensor) -> None:
        t.T[0][1:] = 3

    def by_positions(t: ao.Tensor) -> None:
        t[ao.tensor([0])] = 3.0

    def by_mask(t: ao.Tensor) -> None:
        t[t > 0] = 3.0

    def element(t: ao.Tensor) -> None:
        t[0, 0] = 3.0

    ways = [in_place, through_a_view, by_positions, by_mask, element]
    ways += [lambda t: ao.add(t, 1, out=t), lambda t: ao.sum(ao.ones((2, 2)), 0, out=t[0])]
    for way in ways:
        written(way)


# --- graphs -------------------------------------------------------------------------------------------------------


def test_deep_graphs() -> None:
    x = leaf([1.0])
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad is not None and x.grad.tolist() == [1.0]
    y = x
    for _ in range(50_000):
        y = y * 1.0
    del y  # freed without a backward


def test_wide_graphs() -> None:
    x = leaf([1.0])
    total = x
    for k in range(1000):
        total = total + x * k
    total.backward()
    assert x.grad is not None and x.grad.item() == 1 + 999 * 500


def test_a_loop_over_rows_adds_in_place() -> None:
    x = leaf(np.arange(12.0).reshape(4, 3))
    total = sum((x[k] * x[k, 1] * (k + 1)).sum() for k in range(4))
    (total + (x[1:3] * 2).sum() + x.sum()).backward()
    v = np.arange(12.0).reshape(4, 3)
    want = np.array([(k + 1) * (v[k, 1] + np.array([0.0, v[k].sum(), 0.0])) for k in range(4)]) + 1
    want[1:3] += 2
    assert x.grad is not None and np.allclose(x.grad.tolist(), want)


def test_memory_is_flat_without_the_collector() -> None:
    rng = np.random.default_rng(4)
    w1, w2 = (ao.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((4, 8), (8, 2)))
    x = ao.tensor(rng.normal(size=(16, 4)))

    def step() -> None:
        hidden = ao.tanh(x @ w1)
        hidden = ao.where(hidden > 0, hidden, hidden * 0.1)
        loss = ((hidden @ w2).T[0] ** 2).mean() + ao.max(hidden) + ao.cumulative_sum(w2, 0).sum()
        loss.backward()
        with ao.no_grad():
            for w in (w1, w2):
                assert w.grad is not None
                w -= 0.01 * w.grad
                w.grad = None

    gc.disable()
    try:
        for _ in range(50):
            step()
        used, growth = _native.memory_stats()[0], []
        for _ in range(5):
            before = sys.getallocatedblocks()
            for _ in range(100):
                step()
            growth.append(sys.getallocatedblocks() - before)  # of other threads' as well
        assert min(growth) < 50 and _native.memory_stats()[0] == used
    finally:
        gc.enable()


def test_threads_build_their_own_graphs() -> None:
    x = leaf(np.arange(1000.0))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                ao.exp(x * 0.001).sum().backward()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and x.grad is not None
    assert np.allclose(x.grad.tolist(), 200 * 0.001 * np.exp(np.arange(1000.0) * 0.001))


def test_the_same_bits_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(5)
    data, weight = rng.normal(size=(64, 700)), rng.normal(size=(700, 300))
    before = ao.get_num_threads()
    seen = set()
    for threads in (1, 2, 3):
        ao.set_num_threads(threads)
        x, w = leaf(data), leaf(weight)
        (ao.tanh(x @ w) * w.sum(0)).mean().backward()
        assert x.grad is not None and w.grad is not None
        seen.add(memoryview(x.grad).tobytes() + memoryview(w.grad).tobytes())
    ao.set_num_threads(before)
    assert len(seen) == 1


# --- other libraries, copies, pickles -----------------------------------------------------------------------------


def test_numbers_arrays_and_exports() -> None:
    x = leaf([1.5])
    y = x * 2
    assert float(y) == 3.0 and y.item() == 3.0 and y.tolist() == [3.0] and bool(y)
    array = np.asarray(x)
    assert array[0] == 1.5 and np.shares_memory(array, np.asarray(x.detach()))
    assert isinstance(np.exp(x), ao.Tensor) and np.exp(x).requires_grad
    with pytest.raises(BufferError, match=r"must not require gradients.* x.detach\(\)"):
        x.__dlpack__()
    assert f"{y:.1f}" == "[3.0]" or "3.0" in f"{y:.1f}"


def test_copies_and_pickles() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    for again in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(x, 2))):
        assert again.requires_grad and again.is_leaf and again.tolist() == x.tolist() and again is not x
    (copy.deepcopy(x) * 2).sum().backward()
    assert x.grad is None
    y = x * 2
    with pytest.raises(ao.GradientError, match="deepcopy: the tensor must be no result"):
        copy.deepcopy(y)
    assert not pickle.loads(pickle.dumps(y)).requires_grad
    assert x.copy().requires_grad and not x.copy().is_leaf
    assert not ao.tensor(x).requires_grad


# --- random graphs against a slow reverse mode --------------------------------------------------------------------


class Slow:
    """Reverse mode in NumPy: a value, and a list of (input, how its gradient follows)."""

    def __init__(self, value: Any, parents: tuple[Any, ...] = ()) -> None:
        self.value, self.parents, self.gradient = np.asarray(value, float), parents, np.zeros(np.shape(value))


def reduced(gradient: Any, shape: tuple[int, ...]) -> Any:
    while gradient.ndim > len(shape):
        gradient = gradient.sum(0)
    for axis, length in enumerate(shape):
        if length == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis, keepdims=True)
    return gradient


def slow_binary(name: str, a: Slow, b: Slow) -> Slow:
    x, y = a.value, b.value
    value = {"add": x + y, "multiply": x * y, "subtract": x - y}[name]
    slopes = {"add": (1.0, 1.0), "multiply": (y, x), "subtract": (1.0, -1.0)}[name]
    ways = tuple(
        (each, lambda g, s=s, e=each: reduced(g * s, e.value.shape)) for each, s in zip((a, b), slopes, strict=True)
    )
    return Slow(value, ways)


def slow_unary(name: str, a: Slow) -> Slow:
    x = a.value
    if name == "tanh":
        return Slow(np.tanh(x), ((a, lambda g: g * (1 - np.tanh(x) ** 2)),))
    if name == "sum":
        return Slow(x.sum(0), ((a, lambda g: np.broadcast_to(g, x.shape)),))
    if name == "T":
        return Slow(x.T, ((a, lambda g: g.T),))
    if name == "row":

        def back(g: Any) -> Any:
            whole = np.zeros(x.shape)
            whole[-1:] = g
            return whole

        return Slow(x[-1:], ((a, back),))
    return Slow(x.reshape(-1, 1), ((a, lambda g: g.reshape(x.shape)),))


FAST: dict[str, Any] = {
    "add": ao.add,
    "multiply": ao.multiply,
    "subtract": ao.subtract,
    "tanh": ao.tanh,
    "sum": lambda x: x.sum(0),
    "T": lambda x: x.T,
    "row": lambda x: x[-1:],
    "column": lambda x: x.reshape(-1, 1),
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(FAST)), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12)
)
def test_random_graphs(steps: list[tuple[str, int, int]]) -> None:
    rng = np.random.default_rng(6)
    starts = [rng.normal(size=shape) for shape in ((3, 2), (2,), (3, 1), (1,))]
    fast: list[Any] = [leaf(each) for each in starts]
    slow = [Slow(each) for each in starts]
    for name, first, second in steps:
        a, b = first % len(fast), second % len(fast)
        if name in ("add", "multiply", "subtract"):
            try:
                shape = np.broadcast_shapes(slow[a].value.shape, slow[b].value.shape)
            except ValueError:
                continue
            if math.prod(shape) > 100:
                continue
            fast.append(FAST[name](fast[a], fast[b]))
            slow.append(slow_binary(name, slow[a], slow[b]))
        elif slow[a].value.ndim:
            fast.append(FAST[name](fast[a]))
            slow.append(slow_unary(name, slow[a]))
    if not fast[-1].requires_grad or len(fast) == 4:
        return
    fast[-1].sum().backward()
    slow[-1].gradient = np.ones(slow[-1].value.shape)
    for node in reversed(slow):
        for parent, back in node.parents:
            parent.gradient = parent.gradient + back(node.gradient)
    for x, want in zip(fast[:4], slow[:4], strict=True):
        got = np.zeros(want.value.shape) if x.grad is None else np.asarray(x.grad)
        assert np.allclose(got, want.gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.skipif(not has_torch, reason="compares with PyTorch, which is not installed here")
def test_a_model_agrees_with_pytorch() -> None:
    import torch

    rng = np.random.default_rng(7)
    x, w1, b1, w2 = (rng.normal(size=shape) for shape in ((8, 5), (5, 6), (6,), (6, 3)))
    ours = [leaf(each) for each in (w1, b1, w2)]
    theirs = [torch.tensor(each, requires_grad=True) for each in (w1, b1, w2)]
    hidden = ao.relu(ao.tensor(x) @ ours[0] + ours[1])
    (ao.log(ao.exp(hidden @ ours[2]).sum(1)).mean() + ours[1].max()).backward()
    other = torch.relu(torch.tensor(x) @ theirs[0] + theirs[1])
    ((other @ theirs[2]).exp().sum(1).log().mean() + theirs[1].max()).backward()
    for one, two in zip(ours, theirs, strict=True):
        assert one.grad is not None and np.allclose(one.grad.tolist(), two.grad.numpy())


# --- writes through out= and where=, and by NumPy -----------------------------------------------------------------


def test_what_a_mask_selects_is_written_with_its_gradient() -> None:
    mask, weights = ao.asarray([True, False, True]), ao.tensor([5.0, 6.0, 7.0])
    x = leaf([1.0, 2.0, 3.0])
    out = x * 0.5
    assert ao.multiply(x, weights, out=out, where=mask) is out
    out.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5.0, 0.5, 7.0]
    x = leaf([1.0, 2.0, 3.0])  # into a tensor that has no gradient yet
    out = ao.zeros(3)
    ao.multiply(x, weights, out=out, where=mask).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5.0, 0.0, 7.0]
    x = leaf([1.0, 2.0, 3.0])  # constants over what had one
    out = x * 2.0
    ao.exp(weights, out=out, where=mask).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 2.0, 0.0]
    x = leaf([1.0, 2.0, 3.0])  # a reduction, and a wider dtype narrowed
    total = ao.zeros((), dtype="float32")
    ao.sum(x.astype("float32"), where=mask, out=total).backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 0.0, 1.0]
    x = leaf([1.0, 2.0, 3.0])
    result = ao.zeros(3, dtype="complex128")
    ao.exp(x + 1j, out=result, where=mask)
    (gradient,) = ao.grad(ao.real(result).sum(), x)
    wanted = np.exp([1.0, 2.0, 3.0]) * np.cos(1.0) * [1.0, 0.0, 1.0]
    np.testing.assert_allclose(np.asarray(gradient), wanted)


def test_writing_to_what_requires_gradients_is_noticed_in_every_way() -> None:
    ones, square = ao.ones(3), ao.ones((3, 3))
    writers: list[Any] = [
        lambda x: ao.exp(ones, where=ones > 0, out=x),
        lambda x: ao.sum(square, axis=0, out=x),
        lambda x: ao.sum(square, axis=0, where=square > 0, out=x),
        lambda x: ao.max(square, axis=0, out=x),
        lambda x: ao.cumulative_sum(ones * 2.0, out=x),
        lambda x: np.cbrt(ones, out=x),
        lambda x: np.copyto(x, 0.0),
        lambda x: np.add.at(x, [0], 1.0),
        lambda x: np.put(x, [0], 7.0),
    ]
    for write in writers:
        x = leaf([1.0, 2.0, 3.0])
        with pytest.raises(ao.GradientError):
            write(x)
        assert x.tolist() == [1.0, 2.0, 3.0]
        with ao.no_grad():
            write(x)
        assert x.tolist() != [1.0, 2.0, 3.0]


def test_numpys_own_results_raise_where_a_gradient_arrives() -> None:
    calls: list[Any] = [
        np.cbrt,
        np.deg2rad,
        lambda x: np.add.outer(x, x),
        lambda x: np.divmod(x, 2.0)[1],
        lambda x: np.outer(x, x),
        lambda x: np.fmax(2.0, x),
        lambda x: np.exp(x, dtype="float32"),
        lambda x: np.array_split(x, 2)[0],
    ]
    for call in calls:
        x = leaf([1.0, 2.0, 3.0])
        result: Any = call(x)
        with pytest.raises(ao.GradientError, match="must have a derivative"):
            result.sum().backward()
        with ao.no_grad():
            quiet: Any = call(x)
        assert not quiet.requires_grad
        assert quiet.tolist() == result.tolist()
    x, array = leaf([1.0, 2.0, 3.0]), np.zeros(3)  # arrays have no gradients
    np.cbrt(x, out=array)
    np.copyto(array, x)
    assert array.tolist() == [1.0, 2.0, 3.0]


def test_assigned_lists_and_complex_numbers_are_not_left_out() -> None:
    x, z = leaf([1.0, 2.0, 3.0]), ao.zeros((2, 2))
    z[1] = [x[0], 5.0]
    z[ao.asarray([[True, False], [False, False]])] = [x[2]]
    (z * ao.tensor([[2.0, 3.0], [4.0, 5.0]])).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [4.0, 0.0, 2.0]
    with pytest.raises(ao.GradientError, match="positions"):
        z[[0, 1]] = [[x[0], 1.0], [1.0, 1.0]]
    numbers = ao.zeros(3, dtype="complex128")
    numbers[0] = x[0]
    (gradient,) = ao.grad(ao.real(numbers * 2).sum(), x)
    assert gradient.tolist() == [2.0, 0.0, 0.0]


def test_modes_end_in_any_order() -> None:
    def steps() -> Any:
        with ao.no_grad():
            yield ao.is_grad_enabled()

    first, second, third = steps(), steps(), steps()
    assert [next(first), next(second), next(third)] == [False] * 3
    second.close()
    first.close()
    assert not ao.is_grad_enabled()
    third.close()
    assert ao.is_grad_enabled()
    shared = ao.no_grad()  # by two threads at once
    inside, go_on = threading.Event(), threading.Event()
    seen: list[bool] = []

    def other() -> None:
        with shared:
            inside.set()
            assert go_on.wait(10)
        seen.append(ao.is_grad_enabled())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with shared:
        go_on.set()
        thread.join()
        assert not ao.is_grad_enabled()
    assert seen == [True]
    assert ao.is_grad_enabled()


def test_a_decorated_generator_takes_what_is_thrown() -> None:
    closed: list[bool] = []

    @ao.no_grad()
    def steps() -> Any:
        try:
            try:
                yield 1
            except KeyError:
                yield ao.is_grad_enabled()
            assert (yield 2) == 3
            yield 4
        finally:
            closed.append(ao.is_grad_enabled())

    iterator = steps()
    assert next(iterator) == 1
    assert iterator.throw(KeyError("thrown")) is False
    assert next(iterator) == 2
    assert iterator.send(3) == 4
    iterator.close()
    assert closed == [False]
    assert ao.is_grad_enabled()
    with pytest.raises(TypeError, match="no_grad: function must not be an async one"):

        @ao.no_grad()
        async def awaited() -> None:
            pass


def test_numpys_functions_leave_no_cycles() -> None:
    x = leaf([1.0, 2.0])
    gc.collect()
    gc.disable()
    try:
        np.cbrt(x)
        np.outer(x, x)
        with pytest.raises(ao.GradientError):
            np.copyto(x, 0.0)
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_incoming_gradients_may_be_integers(dtype: str) -> None:
    for integers in ([1, 2], ao.tensor([1, 2], dtype="uint8"), np.array([1, 2], dtype="int16"), range(1, 3)):
        x = ao.tensor([3.0, 4.0], dtype=dtype, requires_grad=True)
        (x * x).backward(gradient=integers)
        assert x.grad is not None and x.grad.dtype == x.dtype and x.grad.tolist() == [6.0, 16.0]
        assert ao.grad(x * x, x, (integers,))[0].tolist() == [6.0, 16.0]
    x = ao.tensor([3.0, 4.0], dtype=dtype, requires_grad=True)
    (x * x).backward(gradient=[True, False])
    assert x.grad is not None and x.grad.tolist() == [6.0, 0.0]
    with pytest.raises(ValueError, match=r"backward: gradient must be of shape \(2,\)"):
        (x * x).backward(gradient=[1, 2, 3])
