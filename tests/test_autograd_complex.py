"""Gradients of complex numbers, against central differences of both parts and PyTorch's, whose convention they have."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import aotops as ao
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
    return [np.asarray(each.grad) for each in inputs]


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


def test_what_has_no_gradient_of_complex_numbers_says_so() -> None:
    z = leaf(Z)
    calls: tuple[Callable[..., Any], ...] = (ao.sign, ao.cumulative_prod, ao.round)
    for call in calls:
        result = call(z) if call is not ao.cumulative_prod else call(z, 0)
        with pytest.raises(ao.GradientError, match=r"must have a derivative of complex numbers.*the imaginary part"):
            ao.real(result).sum().backward()
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
