"""Gradients of declared operators: maps, zips, reductions, scans, compiled and as plain Python; and what is shown."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao

SCRIPT = """
import math
import aotops as ao

cube = ao.map(lambda x: x * x * x, dtypes="float64")

@cube.derivative
def _(x, y, g):
    return 3.0 * x * x * g

mix = ao.zip(lambda x, w, on: x * w if on else x, bool_inputs="on", dtypes="float64")

@mix.derivative
def _(x, w, on, y, g):
    return (w * g if on else g), (x * g if on else 0.0)

squares = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x: x * x, dtypes="float64")

@squares.derivative
def _(x, y, g):
    return 2.0 * x * g

length = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, w: x * x * w, dtypes="float64")

@length.derivative
def _(x, w, y, g):
    return 2.0 * x * w * g, x * x * g

total = ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float64")

@total.derivative
def _(x, y, g):
    return g

running = ao.scan(lambda a, b: a * b, identity=1.0, dtypes="float64")

@running.derivative
def _(a, b, y, g):
    return b * g, a * g

steep = ao.zip(lambda x, w: math.sqrt(x) * w, dtypes="float64")

@steep.derivative
def _(x, w, y, g):
    return g * 0.5 * w / math.sqrt(x), g * math.sqrt(x)

falling = ao.map(lambda x: 1.0 / x, dtypes="float64")

@falling.derivative
def _(x, y, g):
    return -g * y * y

polar = ao.zip(lambda x, y: (math.hypot(x, y), math.atan2(y, x)), results=(None, None), dtypes="float64")

@polar.derivative
def _(x, y, r, angle, g_r, g_angle):
    return (g_r * x - g_angle * y / r) / r, (g_r * y + g_angle * x / r) / r

parts = ao.map(lambda x: (int(math.floor(x)), (x - math.floor(x)) ** 2), results=("int64", None), dtypes="float64")

@parts.derivative
def _(x, whole, rest, g):
    return 2.0 * (x - whole) * g

mixed = ao.zip(lambda x, on: (x * x if on else x, 3.0 * x), results=(None, "float64"), bool_inputs="on")

@mixed.derivative
def _(x, on, y, z, g_y, g_z):
    return (2.0 * x * g_y if on else g_y) + 3.0 * g_z,

moments = ao.reduce(  # count, sum, and squared deviations as Chan et al. combine them
    lambda a, b: (
        a[0] + b[0],
        a[1] + b[1],
        a[2] + b[2] + ((a[1] / a[0] - b[1] / b[0]) ** 2 * a[0] * b[0] / (a[0] + b[0]) if a[0] * b[0] > 0 else 0.0),
    ),
    map=lambda x: (1.0, x, 0.0),
    identity=(0.0, 0.0, 0.0),
    finish=lambda n, total, rest: rest / n,
    dtypes="float64",
)

@moments.derivative
def _(x, n, total, rest, y, g):
    return 2.0 * g * (x - total / n) / n

average = ao.reduce(
    lambda a, b: (a[0] + b[0], a[1] + b[1]),
    map=lambda x, w: (w, w * x),
    identity=(0.0, 0.0),
    finish=lambda weight, total: total / weight,
    dtypes="float64",
)

@average.derivative
def _(x, w, weight, total, y, g):
    return g * w / weight, g * (x - y) / weight

def of_larger(a, b):
    most = a[0] if a[0] > b[0] else b[0]
    return most, a[1] * math.exp(a[0] - most) + b[1] * math.exp(b[0] - most)

logsumexp = ao.reduce(
    of_larger,
    map=lambda x: (x, 1.0),
    identity=(-1e300, 0.0),
    finish=lambda most, total: most + math.log(total),
    dtypes="float64",
)

@logsumexp.derivative
def _(x, y, g):
    return g * math.exp(x - y)

wrong = ao.zip(lambda x, y: (x * y, x + y), results=(None, None), dtypes="float64")

@wrong.derivative
def _(x, y, product, total, g_product, g_total):
    return g_product * y + g_total, g_product * x - g_total

plain = ao.map(lambda x: x + 1.0, dtypes="float64")

max = ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float64")  # the name of another one

x = ao.tensor([[0.5, -1.5, 2.0, 0.25], [1.0, 3.0, -0.75, 1.25], [0.1, 0.2, 0.3, 0.4]])
w = ao.tensor([1.0, -2.0, 0.5, 3.0])
on = ao.tensor([True, False, True, True])
assert ao.grad_check(lambda x: cube(x), x)
assert ao.grad_check(lambda x, w: mix(x, w, on), x, w)
assert ao.grad_check(lambda x: squares(x, 1) * squares(x, 0, keepdims=True).sum(), x)
assert ao.grad_check(lambda x, w: length(x, w, (0, 1)) * length(x.T, 2.0 * x.T, axis=0), x, w)
assert ao.grad_check(lambda x: total(x, 0) * x, x)
assert ao.grad_check(lambda x: running(x, 0) * running(x, 1), x)
assert ao.grad_check(lambda x: running(x, -1, include_initial=True), x)
assert ao.grad_check(lambda x, w: polar(x, w), x, w)
assert ao.grad_check(lambda x, w: polar(x, w)[1] * polar(w, x)[0], x, w)  # one result alone
assert ao.grad_check(polar) and ao.grad_check(parts)
assert not ao.grad_check(wrong, raise_exception=False)
try:
    ao.grad_check(wrong, 2.0, 3.0)
except ao.GradientError as error:
    assert "wrong.derivative of result 1: the gradient by y at x = 2.0, y = 3.0" in str(error), error
else:
    raise AssertionError
assert ao.grad_check(lambda x: parts(x)[1], x)
assert ao.grad_check(lambda x: mixed(x, on), x)
assert ao.grad_check(lambda x: mixed(x[::2, ::-1], True)[0], x)
for axis in (None, 0, -1, (0, 1)):
    assert ao.grad_check(lambda x: moments(x, axis), x)
    assert ao.grad_check(lambda x, w: average(x, w, axis, keepdims=True), x, w)
    assert ao.grad_check(lambda x: logsumexp(x, axis=axis), x)
single = x.astype("float32").requires_grad_()
first, second = mixed(single, on)
assert (first.dtype, second.dtype) == (ao.float32, ao.float64)
(first.sum() + second.sum()).backward()
assert single.grad.dtype == ao.float32 and (single.grad == ao.where(on, 2 * single.detach() + 3, 4.0)).all()
single.grad = None
first, second = mixed(single, on)
with ao.no_grad():
    second += 1.0  # the formula does not read it
first.sum().backward()
assert (single.grad == ao.where(on, 2 * single.detach(), 1.0)).all()
radius, angle = polar(x.copy().requires_grad_(), w)
with ao.no_grad():
    radius += 1.0
try:
    angle.sum().backward()
except ao.GradientError as error:
    assert "what the gradient of polar reads must have the values that it had at the call" in str(error), error
else:
    raise AssertionError
zeros = ao.zeros(2, requires_grad=True)
ao.where(zeros > 0, polar(zeros, 0.0)[0], polar(zeros, 1.0)[1]).sum().backward()
assert zeros.grad.tolist() == [-1.0, -1.0], zeros.grad  # of the other call both gradients are 0, its slopes NaN
nan, inf = math.nan, math.inf
z = ao.tensor([0.0, -1.0, nan, inf, -inf, 4.0], requires_grad=True)
(steep(z, 2.0) * falling(z)).backward(ao.zeros(6))
assert z.grad.tolist() == [0.0] * 6, z.grad  # a gradient of 0 stays 0
assert steep.derivative(z.detach(), nan, nan, 0.0)[1].tolist() == [0.0] * 6
z.grad = None
ao.where(z > 0, steep(z, 2.0), falling(z)).backward(ao.tensor([0.0, 2.0, 0.0, 1.0, 0.0, 1.0]))
assert z.grad.tolist() == [0.0, -2.0, 0.0, 0.0, 0.0, 0.5], z.grad
pair = ao.map(lambda x: (x + 1.0, 2.0 * x), results=(None, None), dtypes="float64")
spread = ao.reduce(
    lambda a, b: (a[0] + b[0], a[1] + b[1]),
    map=lambda x: (x, x * x),
    identity=(0.0, 0.0),
    finish=lambda a, b: b - a * a,
    dtypes="float64",
)
for call in (lambda: sum(each.sum() for each in pair(z)), lambda: spread(z)):
    try:
        call().backward()
    except ao.GradientError as error:
        assert "must have a derivative, got none" in str(error) and ".derivative" in str(error), error
    else:
        raise AssertionError
y = ao.tensor(x, requires_grad=True)
for operator, name in ((plain, "plain"), (max, "max")):
    try:
        operator(y).sum().backward()
    except ao.GradientError as error:
        assert f"{name}: the operation must have a derivative, got none" in str(error), error
        assert f"declare one with @{name}.derivative" in str(error), error
    else:
        raise AssertionError(name)
print("done")
"""


@pytest.mark.slow  # it compiles 25 kernels; docs/your-own-operators.md has two of them
@requires_numba
def test_declared_operators() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr


def test_declared_operators_as_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTOPS_PYTHON", "1")  # of the process below
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr


def test_what_is_declared_is_checked() -> None:
    reduction = ao.reduce(lambda a, b: a + b, identity=0.0)
    with pytest.raises(
        ValueError, match="derivative must take 3 values, x, the output and the incoming gradient, got 2"
    ):
        reduction.derivative(lambda x, g: g)
    scan = ao.scan(lambda a, b: a + b, identity=0.0)
    with pytest.raises(ValueError, match="derivative must take 4 values, a, b, the output and the incoming gradient"):
        scan.derivative(lambda x, y, g: g)
    wanted = "take 3 values, x, the output and the incoming gradient, or 5, with the 2 numbers of the state before"
    average = ao.reduce(
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
        map=lambda x: (1.0, x),
        identity=(0.0, 0.0),
        finish=lambda n, total: total / n,
    )
    with pytest.raises(ValueError, match=wanted):
        average.derivative(lambda x, n, y, g: g)
    pair = ao.zip(lambda x, y: (x * y, x, y), results=(None, "int64", None))
    wanted = "take 7 values, x, y, the 3 outputs and the 2 incoming gradients, got 4"
    with pytest.raises(ValueError, match=wanted):
        pair.derivative(lambda x, y, z, g: (g, g))
    several = ao.map(lambda x: (x, x), results=(None, {"float32": "float64", "float64": "int64"}))
    with pytest.raises(ValueError, match="must have results of one dtype"):
        several.derivative(lambda x, y, z, g, h: g)
    states = ao.scan(lambda a, b: (a[0] + b[0],), map=lambda x: (x,), identity=(0.0,), finish=lambda a: a)
    with pytest.raises(ValueError, match="must have results that are combined themselves, got a state"):
        states.derivative(lambda a, b, y, g: (g, g))


def test_launches_of_backward_are_shown() -> None:
    x = ao.tensor(np.arange(6.0), requires_grad=True)
    with ao.trace() as seen:
        ao.exp(x).sum().backward()
    names = [launch.operator for launch in seen.launches]
    assert "exp.derivative" in names and "exp" in names
