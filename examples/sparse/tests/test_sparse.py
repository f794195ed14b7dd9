"""The kernels against plain Python, element by element."""

import numpy as np
import pytest
from sparse_sums import add_at, add_at_pairs, sums_by_index, times_matrix, times_vector

import aotops as ao

generator = np.random.default_rng(5)
dense = np.where(generator.random((6, 9)) < 0.3, generator.normal(size=(6, 9)), 0.0)
dense[2] = 0.0
row, column = np.nonzero(dense)
value = dense[row, column]
start = np.concatenate([[0], np.cumsum((dense != 0).sum(axis=1))])


def test_values_are_added_at_their_index():
    index, values = generator.integers(0, 10, 100), generator.normal(size=(3, 100))
    expected = np.zeros((3, 10))
    for item in range(3):
        for k, at in enumerate(index):
            expected[item, at] += values[item, k]
    assert np.array_equal(add_at(np.zeros(10), index, values), expected)  # in order, so the same bits
    assert sums_by_index(ao.asarray(index), ao.asarray(values[0]), 10).tolist() == expected[0].tolist()
    assert np.array_equal(add_at_pairs(np.zeros((6, 9)), row, column, value), dense)


def test_products_are_those_of_dense_matrices():
    x = generator.normal(size=(9, 4))
    np.testing.assert_allclose(times_vector(start, column, value, x[:, 0]), dense @ x[:, 0], atol=1e-14)
    np.testing.assert_allclose(times_matrix(start, column, value, x), dense @ x, atol=1e-14)
    vectors = np.moveaxis(x, 1, 0)  # a batch
    np.testing.assert_allclose(times_vector(start, column, value, vectors), (dense @ x).T, atol=1e-14)


@pytest.mark.parametrize("wrong", [10, -11, 2**40])
def test_an_index_that_is_not_there_is_an_error(wrong):
    with pytest.raises(IndexError):
        add_at(np.zeros(10), np.array([0, wrong]), np.ones(2))
    with pytest.raises(IndexError):
        times_vector(start, np.full(len(value), wrong), value, np.ones(9))
    with pytest.raises(ValueError, match="start must not decrease"):
        times_vector(start[::-1], column, value, np.ones(9))
