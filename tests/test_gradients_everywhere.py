"""Gradients of every public function: central differences in float64, and PyTorch's gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradient_cases import CASES, Case

import aotops as ao
from aotops.autograd import (
    rules_contraction,
    rules_creation,
    rules_indexing,
    rules_joining,
    rules_neural,
    rules_statistics,
)

CHAPTERS = (rules_contraction, rules_creation, rules_indexing, rules_joining, rules_neural, rules_statistics)


def rule_of(name: str) -> Any:
    """The rule of a function."""
    found = [getattr(chapter, name, None) for chapter in CHAPTERS]
    return next((each for each in found if each is not None and each.__module__.startswith("aotops.autograd")), None)


class Ruled:
    """aotops, with the rule of one function in its place, whose last call is kept."""

    def __init__(self, name: str) -> None:
        self.name, self.last = name, None

    def __getattr__(self, name: str) -> Any:
        if name != self.name:
            return getattr(ao, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.last = rule_of(name)(*args, **kwargs)
            return self.last[0]

        return call


def numbers(results: Any) -> list[np.ndarray]:
    return [np.asarray(each) for each in (results if isinstance(results, tuple) else (results,))]


def central_differences(case: Case, arrays: list[np.ndarray], weights: list[np.ndarray]) -> list[np.ndarray]:
    """The gradients of a weighted sum of all results by each element of each input."""

    def value(moved: list[np.ndarray]) -> float:
        results = numbers(case.call(ao, *[ao.tensor(each) for each in moved]))
        return sum([float((result * weight).sum()) for result, weight in zip(results, weights, strict=True)])

    found = []
    for k, array in enumerate(arrays):
        slopes = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [each.copy() for each in arrays]
                moved[k][place] += step
                sides.append(value(moved))
            slopes[place] = (sides[0] - sides[1]) / 2e-6
        found.append(slopes)
    return found


def summed(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A gradient summed over the axes along which an input was broadcast."""
    if gradient.size == np.prod(shape):
        return gradient.reshape(shape)
    missing = gradient.ndim - len(shape)
    axes = [k for k in range(gradient.ndim) if k < missing or shape[k - missing] != gradient.shape[k]]
    return gradient.sum(tuple(axes), keepdims=True).reshape(shape)


RULED = [case for case in CASES if hasattr(ao, case.name) and rule_of(case.name) is not None and case.is_one_call]


@pytest.mark.parametrize("name", sorted({case.name for case in RULED}))
def test_rules_agree_with_central_differences(name: str) -> None:
    for case in RULED:
        if case.name != name:
            continue
        arrays = case.arrays()
        inputs = [ao.tensor(each) for each in arrays]
        ruled = Ruled(name)
        results = case.call(ruled, *inputs)
        assert ruled.last is not None
        _, differentiated, saved, pull = ruled.last
        generator = np.random.default_rng(1)
        weights = [generator.uniform(-1, 1, result.shape) for result in numbers(results)]
        gradients = tuple([ao.tensor(each) for each in weights])
        found = pull(gradients if isinstance(results, tuple) else gradients[0], saved)
        totals = [np.zeros(each.shape) for each in arrays]
        for own, gradient in zip(differentiated, found, strict=True):
            gradient = gradient() if callable(gradient) else gradient
            for k, each in enumerate(inputs):
                if each is own and gradient is not None:
                    totals[k] += summed(np.asarray(gradient), arrays[k].shape)
        for total, expected in zip(totals, central_differences(case, arrays, weights), strict=True):
            np.testing.assert_allclose(total, expected, rtol=1e-5, atol=1e-6, err_msg=repr(case))
