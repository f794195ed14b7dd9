"""Gradients of complex numbers, against central differences of both parts and PyTorch's, whose convention they have."""

from __future__ import annotations

import cmath
import importlib.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradient_cases import CASES, grown
from needs import requires_numba

import aotops as ao
from aotops import ops
from aotops.autograd.rules_complex import DERIVATIVES, GRADIENTS, LINEAR

has_torch = importlib.util.find_spec("torch") is not None


def numbers(*shape: int, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.uniform(0.3, 0.9, shape) + 1j * generator.uniform(-0.8, 0.8, shape)


def leaf(array: Any) -> ao.Tensor:
    return ao.tensor(array, requires_grad=True)


def value(result: ao.Tensor, weights: np.ndarray) -> float:
    """A real number of all elements: both parts weigh differently."""
    array = np.asarray(result.detach())
    return float((array * weights.reshape(-1)[: array.size].reshape(array.shape)).sum().real)


WEIGHTS = numbers(400, seed=7) - (0.5 + 0.1j)


def gradients(call: Callable[..., Any], arrays: list[np.ndarray]) -> list[np.ndarray]:
    inputs = [leaf(each) for each in arrays]
    result = call(*inputs)
    weights = ao.asarray(WEIGHTS[: result.size].reshape(result.shape))
    ao.real(result * weights).sum().backward()
    return [np.zeros(each.shape) if each.grad is None else np.asarray(each.grad) for each in inputs]


def differences(call: Callable[..., Any], arrays: list[np.ndarray]) -> list[np.ndarray]:
    found = []
    for k, array in enumerate(arrays):
        slopes = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            for direction in (1.0, 1j) if np.iscomplexobj(array) else (1.0,):
                sides = []
                for step in (1e-6, -1e-6):
                    moved = [each.copy() for each in arrays]
                    moved[k][place] += step * direction
                    sides.append(value(call(*[ao.tensor(each) for each in moved]), WEIGHTS))
                slopes[place] += direction * (sides[0] - sides[1]) / 2e-6
        found.append(slopes)
    return found


Z, W, M, V = numbers(3, 2), numbers(3, 2, seed=2), numbers(2, 4, seed=3), numbers(2, seed=4)
HOLES = np.array([[1.0, 0.0, 2.0, 0.0], [3.0, 1.0, 0.0, 1.0]])
REAL = np.array([[0.5, 1.5], [-0.75, 2.0], [1.25, 0.25]])

CALLS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    **{
        name: (getattr(ao, name), [Z]) for name in (*DERIVATIVES, "abs", "conj", "imag", "negative", "positive", "real")
    },
    **{name: (getattr(ao, name), [Z, W]) for name in ("add", "divide", "multiply", "pow", "subtract")},
    "acosh_beyond": (ao.acosh, [Z - 2.0]),
    "log_of_negative": (ao.log, [-Z]),
    "sqrt_of_negative": (ao.sqrt, [-Z]),
    "where": (lambda x, y: ao.where(ao.real(x) > 0.6, x, y), [Z, W]),
    "multiply_broadcast": (ao.multiply, [Z, V]),
    "multiply_real": (ao.multiply, [Z, REAL]),
    "divide_of_real": (lambda x, y: x / y, [REAL, Z]),
    "pow_of_real": (lambda x, y: x**y, [REAL, Z]),
    "pow_number": (lambda x: x**3 + 2.0**x + (1 + 2j) * x - x / 2j + (3 - 1j) / x, [Z]),
    "complex_of_parts": (lambda x, y: x + 1j * y, [REAL, REAL * 2]),
    "parts": (lambda z: ao.real(z) * ao.imag(z) + ao.abs(z) ** 2, [Z]),
    "astype": (lambda x: x.astype("complex128") * (2 - 1j), [REAL]),
    "matmul": (ao.matmul, [Z, M]),
    "matmul_batched": (ao.matmul, [numbers(2, 3, 2), M]),
    "matmul_vectors": (lambda z, v: z @ v + v @ z.T, [Z, V]),
    "matmul_of_real": (lambda x, m: x @ m, [REAL, M]),
    "vecdot": (ao.vecdot, [Z, W]),
    "tensordot": (lambda z, w: ao.tensordot(z, w, axes=((0,), (0,))), [Z, W]),
    "einsum": (lambda z, w: ao.einsum("ij,ik->jk", z, w), [Z, W]),
    "sum": (lambda z: ao.sum(z, axis=1) * z[:, 0], [Z]),
    "mean": (lambda z: z.mean() * z.mean(0), [Z]),
    "prod": (lambda z: ao.prod(z, axis=0), [Z]),
    "prod_with_zeros": (lambda z: ao.prod(z * ao.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]) + ao.conj(z), 0), [Z]),
    "sign": (ao.sign, [Z]),
    "round": (lambda z: ao.round(z * 3.0) * z, [Z]),
    "cumulative_prod": (lambda z: ao.cumulative_prod(z, 0) * ao.cumulative_prod(z, 1), [Z]),
    "cumulative_prod_with_zeros": (lambda z: ao.cumulative_prod(z * HOLES, 1, include_initial=True), [M]),
    "cumulative_prod_of_real": (lambda x: ao.cumulative_prod(x.astype("complex128") * 1j, axis=0), [REAL]),
    "linspace": (lambda v, w: ao.linspace(v[0], w[0], 5) * ao.linspace(v[1], 2.0, 5, endpoint=False), [V, V * 1j]),
    "logspace": (lambda v: ao.logspace(v[0], v[1], 4) * ao.logspace(v[0], 0.5, 4, base=v[1]), [V]),
    "logspace_of_negative": (lambda v: ao.logspace(v[0], 1.0, 4, base=-2.0), [V]),
    "nansum": (lambda z: ao.nansum(ao.where(ao.real(z) > 0.6, z, ao.nan) * z, 0), [Z]),
    "norm": (lambda z: ao.norm(z, 0), [Z]),
    "norm_1": (lambda z: ao.norm(z, ord=1), [Z]),
    "norm_3": (lambda z: ao.norm(z, 1, ord=3, keepdims=True), [Z]),
    "cumulative_sum": (lambda z: ao.cumulative_sum(z, axis=0), [Z]),
    "views": (lambda z: z.T[::-1].reshape(-1)[1:5] * 1j, [Z]),
    "indices": (lambda z: z[[0, 2, 2]] * z[ao.asarray([True, False, True])][0], [Z]),
    "take": (lambda z: ao.take(z, ao.tensor([1, 1, 0]), axis=1), [Z]),
    "joins": (lambda z, w: ao.concat([z, w]) * ao.stack([z, w]).sum(0)[0, 0], [Z, W]),
    "copies": (lambda z: ao.tile(ao.roll(ao.tril(z), 1), (2, 1)) * ao.repeat(z.copy(), 2, axis=0), [Z]),
    "lists": (lambda z: ao.asarray([z[0, 0], 2.0, z[1, 1]]) * (1 + 1j), [Z]),
}


def test_every_rule_has_a_case() -> None:
    assert set(DERIVATIVES) | set(GRADIENTS) <= set(CALLS)
    assert {"matmul", "vecdot", "tensordot", "einsum", "sum", "mean", "cumulative_sum"} <= LINEAR & set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_gradients_agree_with_central_differences(name: str) -> None:
    call, arrays = CALLS[name]
    for found, wanted in zip(gradients(call, arrays), differences(call, arrays), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def of_complex(array: np.ndarray) -> np.ndarray:
    return np.asarray(array + 1j * (0.25 + 0.5 * np.cos(np.arange(array.size).reshape(array.shape))))


def test_every_function_that_takes_complex_numbers_has_gradients_of_them() -> None:
    """Or rejects them, in a ``TypeError``."""
    taken = set()
    for case in CASES:
        arrays = [of_complex(each) for each in case.arrays()]
        if not any(each.size for each in arrays):
            continue
        try:
            result = case.call(ao, *[ao.tensor(each) for each in arrays])
        except TypeError:
            continue
        several = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        for k in range(len(several)):

            def call(*x: Any, case: Any = case, k: int = k) -> Any:
                found = case.call(ao, *x)
                return found[k] if isinstance(found, (tuple, list)) else found

            if several[k].size > WEIGHTS.size or not any(each.requires_grad for each in [call(*map(leaf, arrays))]):
                continue
            taken.add(case.name)
            for found, wanted in zip(gradients(call, arrays), differences(call, arrays), strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7, err_msg=repr(case))
    assert {"linspace", "nansum", "prod", "take", "einsum", "roll", "cumulative_prod"} <= taken


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_every_operator_of_complex_numbers_has_a_gradient_or_is_constant(dtype: str) -> None:
    for name, record in ops.collect().items():
        if dtype not in record.dtypes or "." in name or name.startswith("_"):
            continue
        z = leaf(Z.astype(dtype))
        inputs = [Z.real > 0.5 if parameter in record.fixed else z for parameter in record.parameters]
        axis = (0,) if record.kind == "scan" else ()
        result = getattr(ao, name)(*inputs, *axis)
        if result.dtype in (ao.bool, ao.int64):
            assert not result.requires_grad, name
            continue
        ao.real(result).sum().backward()
        assert z.grad is not None and z.grad.dtype == z.dtype and z.grad.shape == z.shape, name


@pytest.mark.skipif(not has_torch, reason="PyTorch is not installed")
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_cumulative_products_and_signs_are_those_of_pytorch(dtype: str) -> None:
    import torch

    generator = np.random.default_rng(5)
    for trial in range(20):
        shape = tuple(generator.integers(1, 6, generator.integers(1, 4)))
        z = (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(dtype)
        z[generator.random(shape) < 0.15 * (trial % 3)] = 0
        axis = int(generator.integers(-len(shape), len(shape)))
        weights = (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(dtype)
        for name, theirs, given in (("cumulative_prod", torch.cumprod, (axis,)), ("sign", torch.sgn, ())):
            own, other = leaf(z), torch.tensor(z, requires_grad=True)
            getattr(ao, name)(own, *given).backward(ao.asarray(weights))
            theirs(other, *given).backward(torch.tensor(weights))
            assert own.grad is not None
            wanted, tolerance = other.grad.resolve_conj().numpy(), 1e-4 if dtype == "complex64" else 1e-12
            np.testing.assert_allclose(np.asarray(own.grad), wanted, rtol=tolerance, atol=tolerance * abs(wanted).max())


@pytest.mark.skipif(not has_torch, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    "name", [*DERIVATIVES, "abs", "conj", "add", "divide", "multiply", "pow", "subtract", "matmul", "sum"]
)
def test_gradients_are_those_of_pytorch(name: str) -> None:
    import torch

    call, arrays = CALLS[name] if name != "sum" else (ao.sum, [Z])
    theirs = {"conj": lambda z: z.conj(), "negative": torch.neg, "positive": lambda z: +z}.get(name)
    theirs = theirs or getattr(torch, name, None)
    inputs = [torch.tensor(each, requires_grad=True) for each in arrays]
    result = theirs(*inputs)
    weights = torch.tensor(WEIGHTS[: result.numel()].reshape(tuple(result.shape)))
    (result * weights).real.sum().backward()
    for found, own in zip(gradients(call, arrays), inputs, strict=True):
        np.testing.assert_allclose(found, own.grad.resolve_conj().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_a_real_loss_of_complex_parameters_descends(dtype: str) -> None:
    ao.random.seed(1)
    x = ao.asarray(numbers(20, 3, seed=9), dtype=dtype)
    y = x @ ao.tensor([1 - 2j, 0.5j, 3.0], dtype=dtype)
    w = ao.zeros(3, dtype=dtype, requires_grad=True)
    for _ in range(1500):
        loss = (ao.abs(x @ w - y) ** 2).mean()
        w.grad = None
        loss.backward()
        assert w.grad is not None and w.grad.dtype == w.dtype
        with ao.no_grad():
            w -= 0.5 * w.grad
    assert float(loss) < 1e-6
    np.testing.assert_allclose(np.asarray(w.detach()), [1 - 2j, 0.5j, 3.0], atol=1e-2)


def test_gradients_have_the_dtype_and_shape_of_the_input() -> None:
    x, z = leaf(np.float32([1.0, 2.0])), leaf(np.complex64([[1j], [2.0]]))
    (ao.abs(x * z) ** 2).sum().backward()
    assert x.grad is not None and x.grad.dtype == ao.float32 and x.grad.shape == (2,)
    assert z.grad is not None and z.grad.dtype == ao.complex64 and z.grad.shape == (2, 1)
    np.testing.assert_allclose(np.asarray(x.grad), [10.0, 20.0])
    np.testing.assert_allclose(np.asarray(z.grad), [[10j], [20.0]])


def test_a_gradient_of_0_stays_0_and_kinks_have_0() -> None:
    z = leaf(np.array([0.0, 1 + 1j, np.inf, complex(np.nan, 1)]))
    for call in (ao.log, ao.sqrt, ao.reciprocal, lambda z: z / 0.0, lambda z: z ** (0.5 + 1j)):
        z.grad = None
        call(z).backward(ao.zeros(4, dtype="complex128"))
        assert z.grad is not None and z.grad.tolist() == [0.0] * 4
    z = leaf(np.zeros(2, "complex128"))
    (ao.norm(z) + ao.abs(z).sum() + ao.real(z**2).sum() + ao.abs(z * (1 + 1j)).sum()).backward()
    assert z.grad is not None and z.grad.tolist() == [0.0] * 2


@requires_numba
def test_what_has_no_gradient_of_complex_numbers_says_so() -> None:
    z = leaf(Z)
    undeclared = ao.map(lambda z: z * z, dtypes=("float64", "complex128"))
    with pytest.raises(ao.GradientError, match=r"must have a derivative, .*; declare one with @<lambda>.derivative"):
        ao.real(undeclared(z)).sum().backward()
    assert not ao.isfinite(z).requires_grad and not (z == z).requires_grad


def test_the_first_gradient_must_be_given() -> None:
    z = leaf(Z)
    with pytest.raises(ao.GradientError, match=r"gradient must be given for complex numbers.*aotops.real"):
        z.sum().backward()
    z.sum().backward(ao.tensor(1j))
    assert z.grad is not None and z.grad.tolist() == [[1j] * 2] * 3
    x = leaf(REAL)
    with pytest.raises(ValueError, match="dtype float64"):
        x.sum().backward(ao.tensor(1j))


def test_writes_are_recorded_and_noticed() -> None:
    x, z = leaf(REAL[0]), leaf(Z[0])
    both = ao.zeros(4, dtype="complex128")
    both[:2] = x
    both[2:] = z * 2
    ao.real(both * ao.tensor([1.0, 1j, 1.0, 1j])).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 0.0]
    assert z.grad is not None and z.grad.tolist() == [2.0, -2j]
    y = ao.exp(z)
    with ao.no_grad():
        y *= 2
    with pytest.raises(ao.GradientError, match="what the gradient of exp reads"):
        ao.real(y).sum().backward()
    with pytest.raises(ao.GradientError, match="out"):
        y = z + 0
        y += z
    with pytest.raises(ao.GradientError, match="not be a tensor that requires gradients"):
        z += 1.0


def test_graphs_are_freed() -> None:
    z = leaf(Z)
    result = ao.exp(z) * z
    ao.real(result).sum().backward()
    with pytest.raises(ao.GradientError, match="retain_graph"):
        ao.real(result).sum().backward()


def test_grad_check_takes_complex_numbers() -> None:
    assert ao.grad_check(lambda z, x: ao.sum(z * x) * z, ao.tensor(Z), ao.tensor(REAL))
    assert ao.grad_check(ao.log, [1 + 2j, -3.0]) and ao.grad_check(ao.multiply, 1j, [2.0, 3.0])

    def wrong(z: Any) -> Any:
        return ao.real(z) ** 2 * ao.imag(z.detach())

    with pytest.raises(ao.GradientError, match=r"the gradient by input 1 at index \(1,\) is 0.0"):
        ao.grad_check(wrong, [2j, 1 + 2j])


# --- operators of users -------------------------------------------------------------------------------------------

both = ao.map(lambda z: z * z, dtypes=("float32", "float64", "complex64", "complex128"))
size = ao.map(lambda z: abs(z), dtypes=("float64", "complex128"), result={"complex128": "float64"})
turn = ao.map(lambda x: cmath.exp(1j * x), dtypes="float64", result="complex128")
dot = ao.zip(lambda z, w: z * w.conjugate(), dtypes="complex128")
turned = ao.zip(lambda z, on: z * 1j if on else z, bool_inputs="on", dtypes="complex128")
polar = ao.map(lambda z: (abs(z), z / abs(z)), dtypes="complex128", results=("float64", None))
squares = ao.reduce(lambda a, b: a + b, map=lambda z: z * z, identity=0j, dtypes="complex128")
energy = ao.reduce(
    lambda a, b: (a[0] + b[0], a[1] + b[1]),
    map=lambda z: (z, abs(z) ** 2),
    identity=(0j, 0.0),
    finish=lambda total, square: total * square,
    dtypes="complex128",
)
running = ao.scan(lambda a, b: a * b, identity=1.0, dtypes="complex128")


@both.derivative
def _(x: Any, y: Any, g: Any) -> Any:
    return g * (2.0 * x).conjugate()


@size.derivative
def _(z: Any, y: Any, g: Any) -> Any:
    return g * z / y


@turn.derivative
def _(x: Any, y: Any, g: Any) -> Any:
    return (g * (1j * y).conjugate()).real


@dot.derivative
def _(z: Any, w: Any, y: Any, g: Any) -> Any:
    return g * w, g.conjugate() * z


@turned.derivative
def _(z: Any, on: Any, y: Any, g: Any) -> Any:
    return (g * -1j if on else g,)


@polar.derivative
def _(z: Any, radius: Any, direction: Any, g: Any, h: Any) -> Any:
    aside = 1j * direction
    return g * direction + aside * (aside.conjugate() * h).real / radius


@squares.derivative
def _(z: Any, y: Any, g: Any) -> Any:
    return 2.0 * z.conjugate() * g


@energy.derivative
def _(z: Any, total: Any, square: Any, y: Any, g: Any) -> Any:
    return g * square + 2.0 * z * (total.conjugate() * g).real


@running.derivative
def _(a: Any, b: Any, y: Any, g: Any) -> Any:
    return b.conjugate() * g, a.conjugate() * g


ON = np.array([True, False])

USERS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "both": (lambda z, x: both(z) + both(x), [Z, REAL]),
    "size": (lambda z, x: size(z) * size(x) + size(z * x), [Z, REAL]),
    "turn": (lambda x: turn(x) * 2j, [REAL]),
    "dot": (lambda z, v: dot(z, v) * dot(v, z), [Z, V]),
    "dot_of_real": (lambda z, x: dot(z, x) + dot(x, z), [Z, REAL]),
    "turned": (lambda z: turned(z, ao.asarray(ON)), [Z]),
    "polar": (lambda z: polar(z)[0] * polar(z)[1], [Z]),
    "one_of_two_results": (lambda z: polar(z)[1], [Z]),
    "squares": (lambda z: squares(z, 1) * squares(z), [Z]),
    "energy": (lambda z: energy(z, 0) * energy(z, 1, keepdims=True), [Z]),
    "running": (lambda z: running(z, 0) * running(z.T, -1).T, [Z]),
}


@requires_numba
@pytest.mark.parametrize("name", USERS)
def test_gradients_of_declared_operators(name: str) -> None:
    call, arrays = USERS[name]
    for found, wanted in zip(gradients(call, arrays), differences(call, arrays), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


@requires_numba
def test_declared_derivatives_keep_zeros_and_dtypes() -> None:
    z = leaf(np.array([0j, 1.0, np.nan]))
    (size(z) + polar(z)[0]).backward(ao.tensor([0.0, 1.0, 0.0]))
    assert z.grad is not None and z.grad.tolist() == [0j, 2 + 0j, 0j]
    x = leaf([0.5, np.nan])
    turn(x).backward(ao.tensor([1j, 0j]))
    assert x.grad is not None and x.grad.tolist() == [pytest.approx(math.cos(0.5)), 0.0]
    narrow = leaf(np.complex64([1 + 2j]))
    ao.real(both(narrow)).sum().backward()
    assert narrow.grad is not None and narrow.grad.dtype == ao.complex64 and narrow.grad.tolist() == [2 - 4j]


@requires_numba
def test_graphs_are_freed_at_once() -> None:
    calls = {**CALLS, **USERS}
    assert not [name for name, (call, arrays) in calls.items() if grown(lambda c=call, a=arrays: gradients(c, a))]


@requires_numba
def test_grad_check_and_the_build_know_derivatives_of_complex_numbers() -> None:
    for each in (both, size, turn, dot, turned, polar):
        assert ao.grad_check(each)
    assert ao.grad_check(dot, [1.0, 2.0], 0.5) and ao.grad_check(both, Z)
    unconjugated = ao.map(lambda z: z * z, dtypes=("float64", "complex128"))

    @unconjugated.derivative
    def _(x: Any, y: Any, g: Any) -> Any:
        return 2.0 * x * g

    with pytest.warns(UserWarning, match=r"derivative of the real part is wrong.*by z.imag.*times the conjugate"):
        unconjugated(ao.tensor([1j]))
    with pytest.raises(ao.GradientError, match=r"<lambda>.derivative of the real part: the gradient by z.imag"):
        ao.grad_check(unconjugated)
    assert ao.grad_check(unconjugated, [1.0, 2.0])  # by floats it is right
