"""Functions of arrays as packages write them for Numba, each with a layout and inputs; ``test_array_kernels_inside``.

They refer to functions and tables of this module, of another one, and of closures. Each writes its outputs.
"""

from __future__ import annotations

import math
from collections import namedtuple

import kernels_inside_helpers as helpers
import numba
import numpy as np
from kernels_inside_helpers import hypotenuse, metric_of

helper = numba.njit(error_model="numpy")

rng = np.random.default_rng(2015)
CASES = {}


def case(layout, *inputs, result="float64"):
    """Note a function: its layout, its inputs, and the dtypes of its outputs."""

    def note(function):
        arrays = [np.asarray(each) for each in inputs]
        results = result if isinstance(result, tuple) else (result,)
        CASES[function.__name__] = function, layout, arrays, results
        return function

    return note


X = rng.normal(size=60)
POSITIVE = rng.random(40) + 0.1
M = rng.normal(size=(9, 7))
INTS = rng.integers(-20, 20, 50)

# --- moving statistics --------------------------------------------------------------------------------------------


@case("(n),()->(n)", X, 7)
def moving_median(x, window, out):
    n = len(x)
    half = window // 2
    for i in range(n):
        out[i] = np.median(x[max(0, i - half) : min(n, i + half + 1)])


@case("(n),(),()->(n)", X, 9, 0.25)
def moving_quantile(x, window, q, out):
    sorted_window = np.empty(window, dtype=x.dtype)
    for i in range(x.size):
        if i < window - 1:
            out[i] = np.nan
            continue
        sorted_window[:] = x[i - window + 1 : i + 1]
        sorted_window.sort()
        position = q * (window - 1)
        low = int(position)
        fraction = position - low
        high = min(low + 1, window - 1)
        out[i] = sorted_window[low] * (1 - fraction) + sorted_window[high] * fraction


@case("(n),()->(n),(n)", X, 10, result=("float64", "float64"))
def moving_mean_std(x, window, mean, std):
    total = total2 = 0.0
    count = 0
    for i in range(x.shape[0]):
        total += x[i]
        total2 += x[i] ** 2
        count += 1
        if count > window:
            old = x[i - window]
            total -= old
            total2 -= old * old
            count -= 1
        mean[i] = total / count
        std[i] = np.sqrt(max(total2 / count - mean[i] ** 2, 0.0))


@case("(n),()->(n)", X, 5)
def moving_max_with_queue(x, k, out):
    queue = np.empty(len(x), dtype=np.int64)
    head, tail = 0, 0
    for i, value in enumerate(x):
        while tail > head and x[queue[tail - 1]] <= value:
            tail -= 1
        queue[tail] = i
        tail += 1
        if queue[head] <= i - k:
            head += 1
        out[i] = x[queue[head]]


@case("(n),()->(n)", np.where(X > 0.8, np.nan, X), 0.3)
def exponential_mean(x, alpha, out):
    old_weight = 1.0
    average = x[0]
    observed = 0
    is_set = not np.isnan(average)
    for i in range(len(x)):
        current = x[i]
        seen = current == current
        observed += seen
        if is_set:
            old_weight *= 1.0 - alpha
            if seen:
                average = (old_weight * average + alpha * current) / (old_weight + alpha)
                old_weight = old_weight + alpha
        elif seen:
            average = current
            is_set = True
        out[i] = average if observed >= 1 else np.nan


@case("(n),()->()", X, 12)
def largest_drawdown(x, _, out):
    peak = -np.inf
    worst = 0.0
    for value in np.cumsum(x):
        peak = max(peak, value)
        worst = max(worst, peak - value)
    out[0] = worst


# --- counting -----------------------------------------------------------------------------------------------------


@case("(n)->(n),(n),()", np.repeat(rng.integers(0, 4, 30), 2), result=("int64", "int64", "int64"))
def run_lengths(x, values, lengths, count):
    k = -1
    for i in range(x.shape[0]):
        if i == 0 or x[i] != x[i - 1]:
            k += 1
            values[k] = x[i]
            lengths[k] = 0
        lengths[k] += 1
    values[k + 1 :] = 0
    lengths[k + 1 :] = 0
    count[0] = k + 1


@case("(n),(k)->(k-1)", X, np.linspace(-2, 2, 9), result="int64")
def histogram(x, edges, counts):
    counts[:] = 0
    n_bins = edges.shape[0] - 1
    low, high = edges[0], edges[-1]
    for value in x.flat:
        if value == high:
            counts[n_bins - 1] += 1
        elif low <= value < high:
            counts[int(n_bins * (value - low) / (high - low))] += 1


@case("(n),(n)->(6,5)", X, np.roll(X, 3), result="int64")
def histogram_2d(x, y, out):
    out.fill(0)
    for a, b in zip(x, y):  # noqa: B905
        i, j = int((a + 3) * 1.0), int((b + 3) * 5 / 6)
        if 0 <= i < out.shape[0] and 0 <= j < out.shape[1]:
            out[i, j] += 1


@case("(n),(n)->(8),(8)", rng.integers(0, 8, 50), rng.normal(size=50), result=("float64", "float64"))
def group_mean_and_max(labels, values, means, most):
    counts = np.zeros_like(labels[:8])
    means[:] = 0
    most[:] = -np.inf
    for i in range(labels.size):
        label = labels[i]
        counts[label] += 1
        means[label] += values[i]
        if values[i] > most[label]:
            most[label] = values[i]
    for k in range(8):
        means[k] = means[k] / counts[k] if counts[k] else np.nan


@case("(n)->(),()", rng.integers(0, 9, 40), result=("int64", "int64"))
def mode_by_unique(x, value, how_often):
    best = 0
    for each in np.unique(x):
        count = 0
        for other in x:
            if other == each:
                count += 1
        if count > best:
            best, value[0] = count, each
    how_often[0] = best


# --- dynamic programming ------------------------------------------------------------------------------------------


@case("(n),(m)->()", np.frombuffer(b"intention", np.uint8), np.frombuffer(b"execution", np.uint8), result="int64")
def edit_distance(a, b, out):
    previous = np.arange(b.shape[0] + 1)
    current = np.zeros(b.shape[0] + 1, np.int64)
    for i in range(1, a.shape[0] + 1):
        current[0] = i
        for j in range(1, b.shape[0] + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
        previous, current = current, previous
    out[0] = previous[-1]


@case("(n),(m),()->()", X[:20], X[5:30], 8)
def dynamic_time_warping(x, y, window, out):
    n, m = len(x), len(y)
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(max(1, i - window), min(m, i + window) + 1):
            d = (x[i - 1] - y[j - 1]) ** 2
            cost[i, j] = d + min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
    out[0] = math.sqrt(cost[n, m])


@case("(n),(n),()->(),(n)", rng.integers(1, 9, 12), rng.random(12), 25, result=("float64", "bool"))
def knapsack(weights, values, capacity, best, taken):
    n = weights.shape[0]
    table = np.zeros((n + 1, capacity + 1))
    for i in range(n):
        w, v = weights[i], values[i]
        table[i + 1] = table[i]
        table[i + 1, w:] = np.maximum(table[i, w:], table[i, : capacity + 1 - w] + v)
    best[0] = table[n, capacity]
    left = capacity
    for i in range(n - 1, -1, -1):
        taken[i] = table[i + 1, left] != table[i, left]
        if taken[i]:
            left -= weights[i]


TRANSITION = np.log(rng.dirichlet(np.ones(4), 4))
EMISSION = np.log(rng.dirichlet(np.ones(5), 4))


@case("(t),(s,s),(s,k)->(t)", rng.integers(0, 5, 25), TRANSITION, EMISSION, result="int64")
def viterbi(observations, transition, emission, path):
    n_states = transition.shape[0]
    n = observations.shape[0]
    score = np.empty((n, n_states))
    back = np.empty((n, n_states), dtype=np.int64)
    score[0] = emission[:, observations[0]] - np.log(n_states)
    for t in range(1, n):
        for s in range(n_states):
            candidates = score[t - 1] + transition[:, s]
            back[t, s] = np.argmax(candidates)
            score[t, s] = candidates.max() + emission[s, observations[t]]
    path[-1] = score[-1].argmax()
    for t in range(n - 2, -1, -1):
        path[t] = back[t + 1, path[t + 1]]


@case("(n)->(),(n)", INTS, result=("int64", "int64"))
def longest_increasing(x, length, tails):
    tails[:] = 0
    size = 0
    for value in x:
        at = np.searchsorted(tails[:size], value)
        tails[at] = value
        if at == size:
            size += 1
    length[0] = size


@case("(n,m)->()", rng.integers(0, 3, (8, 9)), result="int64")
def largest_square(grid, out):
    n, m = grid.shape
    sides = np.zeros((n + 1, m + 1), dtype=np.int32)
    best = 0
    for i in range(n):
        for j in range(m):
            if grid[i, j]:
                sides[i + 1, j + 1] = min(sides[i, j], sides[i, j + 1], sides[i + 1, j]) + 1
                best = max(best, sides[i + 1, j + 1])
    out[0] = best * best


# --- distances and neighbours -------------------------------------------------------------------------------------


@case("(n,d),(m,d),()->(n,m)", M, M[:4], 1)
def pairwise_by_metric(x, y, which, out):
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            out[i, j] = metric_of(which, x[i], y[j])


@case("(n,d)->(n,n)", M)
def cosine_distances(x, out):
    norms = np.sqrt(np.sum(x**2, axis=1))
    for i in range(x.shape[0]):
        out[i, i] = 0.0
        for j in range(i):
            out[i, j] = out[j, i] = 1.0 - np.dot(x[i], x[j]) / (norms[i] * norms[j])


@case("(n,d),(d)->(3),(3)", M, M[2] + 0.1, result=("int64", "float64"))
def nearest_three(points, query, indices, distances):
    d2 = ((points - query) ** 2).sum(axis=1)
    order = np.argsort(d2)[:3]
    indices[:] = order
    distances[:] = np.sqrt(d2[order])


@helper
def _heap_push(values, ids, value, i):
    if value >= values[0]:
        return 0
    values[0], ids[0] = value, i
    k = 0
    while True:
        left = 2 * k + 1
        right = left + 1
        if left >= values.shape[0]:
            break
        child = left if right >= values.shape[0] or values[left] >= values[right] else right
        if values[child] <= values[k]:
            break
        values[k], values[child] = values[child], values[k]
        ids[k], ids[child] = ids[child], ids[k]
        k = child
    return 1


@case("(n,d),(q,d)->(q,4),(q,4)", M, M[:5] * 0.9, result=("float64", "int64"))
def nearest_by_heaps(points, queries, values, ids):
    values[:] = np.inf
    ids[:] = -1
    for q in range(queries.shape[0]):
        for i in range(points.shape[0]):
            _heap_push(values[q], ids[q], hypotenuse(points[i], queries[q]), i)


@case("(n,2),(2)->(),()", rng.random((31, 2)), np.array([0.4, 0.7]), result=("int64", "float64"))
def kd_search(points, query, index, distance):
    n = points.shape[0]
    stack = np.empty(64, np.intp)
    order = np.argsort(points[:, 0])
    stack[0], top = 0, 1
    best, best_i = np.inf, -1
    while top > 0:
        top -= 1
        node = stack[top]
        if node >= n:
            continue
        i = order[node]
        d = 0.0
        for k in range(points.shape[1]):
            diff = points[i, k] - query[k]
            d += diff * diff
        if d < best:
            best, best_i = d, i
        stack[top] = 2 * node + 1
        stack[top + 1] = 2 * node + 2
        top += 2
    index[0], distance[0] = best_i, best**0.5


@case("(n),(n),(),(),()->(),()", POSITIVE * 40, POSITIVE[::-1] * 90, 10.0, 20.0, 6371.0, result=("int64", "float64"))
def nearest_on_sphere(lat, lon, lat0, lon0, radius, index, distance):
    nearest = np.inf
    where = 0
    for i in range(lat.shape[0]):
        p1, p2 = math.radians(lat0), np.radians(lat[i])
        dp, dl = p2 - p1, math.radians(lon[i] - lon0)
        a = math.sin(dp / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
        d = 2 * radius * math.atan2(math.sqrt(a), math.sqrt(1 - a))
        if d < nearest:
            nearest, where = d, i
    index[0] = where
    distance[0] = nearest


# --- resampling, interpolation, images ----------------------------------------------------------------------------


@case("(n),(m)->(m)", X, np.linspace(-1, 61, 25))
def linear_resample(x, positions, out):
    last = x.shape[0] - 1
    for i in range(positions.shape[0]):
        p = min(max(positions[i], 0.0), float(last))
        left = int(np.floor(p))
        right = min(left + 1, last)
        w = p - left
        out[i] = (1 - w) * x[left] + w * x[right]


@case("(n),(m)->(m)", X, np.linspace(0, 59, 25))
def interpolated(x, positions, out):
    grid = np.arange(len(x)).astype(np.float64)
    out[:] = np.interp(positions, grid, x)


@helper
def _cubic(t, a=-0.5):
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    elif t < 2:
        return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
    return 0.0


@case("(h,w),()->(h*2,w*2)", M, 2)
def bicubic(image, scale, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            y, x = (i + 0.5) / scale - 0.5, (j + 0.5) / scale - 0.5
            y0, x0 = math.floor(y), math.floor(x)
            acc = 0.0
            for m in range(-1, 3):
                for n in range(-1, 3):
                    yy = min(max(y0 + m, 0), image.shape[0] - 1)
                    xx = min(max(x0 + n, 0), image.shape[1] - 1)
                    acc += image[yy, xx] * _cubic(y - (y0 + m)) * _cubic(t=x - (x0 + n), a=-0.75)
            out[i, j] = acc


@case("(h,w),(3,3)->(h,w)", M, rng.random((3, 3)))
def convolve_2d(image, weights, out):
    h, w = image.shape
    padded = np.zeros((h + 2, w + 2), image.dtype)
    padded[1:-1, 1:-1] = image
    for i in range(h):
        for j in range(w):
            out[i, j] = (padded[i : i + 3, j : j + 3] * weights).sum()


@case("(h,w)->(h,w)", M)
def heat_step(u, out):
    out[:] = u
    out[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])


@case("(h,w)->(h,w)", (M * 60 + 128).clip(0, 255).astype(np.uint8), result="uint8")
def floyd_steinberg(image, out):
    h, w = image.shape
    work = image.astype(np.float64)
    for y in range(h):
        for x in range(w):
            old = work[y, x]
            new = 255.0 if old > 127.5 else 0.0
            out[y, x] = np.uint8(new)
            error = old - new
            if x + 1 < w:
                work[y, x + 1] += error * 7 / 16
            if y + 1 < h:
                if x > 0:
                    work[y + 1, x - 1] += error * 3 / 16
                work[y + 1, x] += error * 5 / 16
                if x + 1 < w:
                    work[y + 1, x + 1] += error / 16


@case("(h,w)->(h,w)", M > 0, result="int32")
def label_components(mask, labels):
    h, w = mask.shape
    labels[:, :] = 0
    current = 0
    stack = [(0, 0)]
    stack.pop()
    for i in range(h):
        for j in range(w):
            if not mask[i, j] or labels[i, j]:
                continue
            current += 1
            stack.append((i, j))
            while len(stack) > 0:
                y, x = stack.pop()
                if y < 0 or y >= h or x < 0 or x >= w or not mask[y, x] or labels[y, x] != 0:
                    continue
                labels[y, x] = current
                for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                    stack.append((y + dy, x + dx))


@case("(h,w,3)->(h,w)", rng.integers(0, 256, (5, 6, 3)).astype(np.uint8), result="float32")
def grey(rgb, out):
    for i in range(rgb.shape[0]):
        for j in range(rgb.shape[1]):
            r, g, b = rgb[i, j]
            out[i, j] = np.float32(0.299 * r + 0.587 * g + 0.114 * b) / np.float32(255)


@case("(h,w)->(h,w)", M)
def bilateral(image, out):
    radius, sigma_s, sigma_r = 2, 1.5, 0.8
    for (i, j), value in np.ndenumerate(image):
        total, weight = 0.0, 0.0
        for k, m in np.ndindex(2 * radius + 1, 2 * radius + 1):
            y, x = i + k - radius, j + m - radius
            if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                d = (k - radius) ** 2 + (m - radius) ** 2
                w = np.exp(-d / (2 * sigma_s**2) - (image[y, x] - value) ** 2 / (2 * sigma_r**2))
                total += w * image[y, x]
                weight += w
        out[i, j] = total / weight


# --- sparse, graphs -----------------------------------------------------------------------------------------------

INDPTR = np.array([0, 2, 2, 5, 7])
COLUMNS = np.array([0, 3, 1, 2, 4, 0, 2])


@case("(r),(z),(z),(c)->(r-1)", INDPTR, COLUMNS, X[:7], X[:5])
def csr_product(indptr, columns, data, v, out):
    for row in range(indptr.shape[0] - 1):
        acc = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            acc += data[at] * v[columns[at]]
        out[row] = acc


@case("(r),(z),(z)->(5)", INDPTR, COLUMNS, X[:7])
def csr_column_sums(indptr, columns, data, out):
    out[:] = 0
    for row in range(len(indptr) - 1):
        for c, d in zip(columns[indptr[row] : indptr[row + 1]], data[indptr[row] : indptr[row + 1]]):  # noqa: B905
            out[c] += d


@case("(e,2),()->(12)", rng.integers(0, 12, (9, 2)), 12, result="int64")
def union_find(edges, n, roots):
    parent = np.arange(n)
    rank = np.zeros(n, np.int8)

    def find(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in edges:
        a, b = find(a), find(b)
        if a != b:
            if rank[a] < rank[b]:
                a, b = b, a
            parent[b] = a
            rank[a] += rank[a] == rank[b]
    for i in range(n):
        roots[i] = find(i)


@case("(n,n),()->(n),(n)", rng.random((8, 8)) * (rng.random((8, 8)) > 0.4), 0, result=("float64", "int64"))
def dijkstra(weights, source, distance, before):
    n = weights.shape[0]
    distance[:] = np.inf
    before[:] = -1
    done = np.zeros(n, dtype=np.bool_)
    distance[source] = 0
    for _ in range(n):
        u, best = -1, np.inf
        for v in range(n):
            if not done[v] and distance[v] < best:
                u, best = v, distance[v]
        if u == -1:
            break
        done[u] = True
        for v in np.nonzero(weights[u])[0]:
            candidate = best + weights[u, v]
            if candidate < distance[v]:
                distance[v] = candidate
                before[v] = u


@case("(n,n)->(n)", rng.random((9, 9)) > 0.75, result="int64")
def breadth_first(adjacent, level):
    level[:] = -1
    level[0] = 0
    frontier = [0]
    depth = 0
    while frontier:
        depth += 1
        following = []
        for u in frontier:
            for v in range(adjacent.shape[0]):
                if adjacent[u, v] and level[v] < 0:
                    level[v] = depth
                    following.append(v)
        frontier = following


@case("(n)->(n)", X[:30])
def heap_sort(x, out):
    out[:] = x
    n = out.size

    def sift(a, start, end):
        root = start
        while 2 * root + 1 <= end:
            child = 2 * root + 1
            if child + 1 <= end and a[child] < a[child + 1]:
                child += 1
            if not a[root] < a[child]:
                return
            a[root], a[child] = a[child], a[root]
            root = child

    for start in range((n - 2) // 2, -1, -1):
        sift(out, start, n - 1)
    for end in range(n - 1, 0, -1):
        out[0], out[end] = out[end], out[0]
        sift(out, 0, end - 1)


# --- recursions, small matrices, differential equations ------------------------------------------------------------


@case("(n,k),(d,d),(k,d)->(n,d)", M[:, :2], np.eye(3) * 0.9 + 0.05, rng.random((2, 3)))
def kalman(observed, transition, design, states):
    d = transition.shape[0]
    mean = np.zeros(d)
    cov = np.eye(d)
    noise = np.identity(design.shape[0]) * 0.5
    for t in range(observed.shape[0]):
        mean = transition @ mean
        cov = transition @ cov @ transition.T + 0.1 * np.eye(d)
        s = design @ cov @ design.T + noise
        det = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
        inverse = np.array([[s[1, 1], -s[0, 1]], [-s[1, 0], s[0, 0]]]) / det
        gain = np.dot(cov @ design.T, inverse)
        mean = mean + gain @ (observed[t] - design @ mean)
        cov = cov - gain.dot(design).dot(cov)
        states[t, :] = mean


@helper
def lorenz(state, sigma=10.0, rho=28.0, beta=8 / 3):
    x, y, z = state
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


@case("(3),(),()->(11,3)", np.array([1.0, 2.0, 3.0]), 0.01, 10)
def runge_kutta(initial, dt, steps, out):
    state = initial.copy()
    out[0] = state
    for i in range(steps):
        k1 = lorenz(state)
        k2 = lorenz(state + 0.5 * dt * k1)
        k3 = lorenz(state + 0.5 * dt * k2)
        k4 = lorenz(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        out[i + 1] = state


@case("(n,n),(n)->(n)", np.eye(5) * 4 + rng.random((5, 5)), rng.random(5))
def gauss(a, b, x):
    n = b.shape[0]
    work = np.hstack((a, b.reshape(n, 1)))
    for k in range(n):
        pivot = k + np.abs(work[k:, k]).argmax()
        if pivot != k:
            for j in range(n + 1):
                work[k, j], work[pivot, j] = work[pivot, j], work[k, j]
        for i in range(k + 1, n):
            work[i, k:] -= work[i, k] / work[k, k] * work[k, k:]
    for i in range(n - 1, -1, -1):
        x[i] = (work[i, n] - np.sum(work[i, i + 1 : n] * x[i + 1 :])) / work[i, i]


@case("(n,n)->(n,n)", np.eye(5) * 6 + rng.random((5, 5)) + np.ones((5, 5)))
def cholesky(a, lower):
    lower[:] = 0.0
    for i in range(a.shape[0]):
        for j in range(i + 1):
            s = (a[i, j] + a[j, i]) / 2 - lower[i, :j] @ lower[j, :j]
            if i == j:
                assert s > 0, "the matrix is not positive definite"
                lower[i, j] = np.sqrt(s)
            else:
                lower[i, j] = s / lower[j, j]


@case("(n),(3)->(n)", X, np.array([0.1, 0.2, 0.7]))
def garch(returns, parameters, variance):
    omega, alpha, beta = parameters
    variance[0] = np.var(returns)
    for t in range(1, returns.shape[0]):
        variance[t] = omega + alpha * returns[t - 1] ** 2 + beta * variance[t - 1]


# --- Monte Carlo, bits, hashes ------------------------------------------------------------------------------------


@helper
def splitmix(key, counter):
    z = np.uint64(key) + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@case("(),()->()", 42, 2000)
def monte_carlo_pi(seed, draws, out):
    inside = 0
    for i in range(draws):
        x = (splitmix(seed, 2 * i) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
        y = (splitmix(seed, 2 * i + 1) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
        inside += x * x + y * y < 1.0
    out[0] = 4.0 * inside / draws


@case("(n)->(n)", rng.integers(0, 2**32, 20).astype(np.uint32), result="int32")
def popcounts(x, out):
    for i in range(x.shape[0]):
        v = x[i]
        v = v - ((v >> np.uint32(1)) & np.uint32(0x55555555))
        v = (v & np.uint32(0x33333333)) + ((v >> np.uint32(2)) & np.uint32(0x33333333))
        v = (v + (v >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
        out[i] = np.uint32(v * np.uint32(0x01010101)) >> np.uint32(24)


@case("(n)->()", np.frombuffer(b"the quick brown fox", np.uint8), result="uint32")
def fnv_hash(data, out):
    h = np.uint32(2166136261)
    for byte in data:
        h = np.uint32((h ^ np.uint32(byte)) * np.uint32(16777619))
    out[0] = h


@case("(n),(n)->(n)", rng.integers(0, 2**16, 20), rng.integers(0, 2**16, 20), result="int64")
def morton_codes(x, y, out):
    for i in range(x.size):
        code = 0
        for bit in range(16):
            code |= ((x[i] >> bit) & 1) << (2 * bit) | ((y[i] >> bit) & 1) << (2 * bit + 1)
        out[i] = code


BASE32 = np.frombuffer(b"0123456789bcdefghjkmnpqrstuvwxyz", np.uint8)


@case("(),()->(8)", 48.8566, 2.3522, result="uint8")
def geohash(lat, lon, out):
    lats, lons = [-90.0, 90.0], [-180.0, 180.0]
    even = True
    for i in range(out.shape[0]):
        index = 0
        for _ in range(5):
            if even:
                mid = (lons[0] + lons[1]) / 2
                bit = lon >= mid
                lons[0 if bit else 1] = mid
            else:
                mid = (lats[0] + lats[1]) / 2
                bit = lat >= mid
                lats[0 if bit else 1] = mid
            index = index << 1 | bit
            even = not even
        out[i] = BASE32[index]


@case("(n)->()", np.frombuffer(b"racecars racecar", np.uint8), result="int64")
def longest_palindrome(text, out):
    best = 0
    for centre in range(len(text)):
        for left, right in ((centre, centre), (centre, centre + 1)):
            while left >= 0 and right < len(text) and text[left] == text[right]:
                left, right = left - 1, right + 1
            best = max(best, right - left - 1)
    out[0] = best


@case("(n)->(n)", np.frombuffer(b"Hello, World", np.uint8), result="uint8")
def lower_case(text, out):
    for i, c in enumerate(text):
        out[i] = c + 32 if ord_a() <= c <= 90 else c


@helper
def ord_a():
    return 65


# --- recursion ----------------------------------------------------------------------------------------------------


@helper
def quick_sort(a, low, high):
    if low < high:
        pivot = a[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        quick_sort(a, low, j)
        quick_sort(a, i, high)


@case("(n)->(n)", X)
def sorted_by_recursion(x, out):
    out[:] = x
    quick_sort(out, 0, len(out) - 1)


@helper
def place_queens(row, n, columns, diagonals, others):
    if row == n:
        return 1
    count = 0
    for c in range(n):
        if not (columns[c] or diagonals[row + c] or others[row - c + n]):
            columns[c] = diagonals[row + c] = others[row - c + n] = True
            count += place_queens(row + 1, n, columns, diagonals, others)
            columns[c] = diagonals[row + c] = others[row - c + n] = False
    return count


@case("()->()", 6, result="int64")
def queens(n, out):
    flags = np.zeros((3, 2 * n + 1), np.bool_)
    out[0] = place_queens(0, n, flags[0], flags[1], flags[2])


@helper
def simpson(f_a, f_m, f_b, a, b):
    return (b - a) / 6 * (f_a + 4 * f_m + f_b)


@helper
def integrand(x):
    return math.exp(-x * x)


@helper
def adaptive(a, b, tolerance, depth):
    m = (a + b) / 2
    whole = simpson(integrand(a), integrand(m), integrand(b), a, b)
    left = simpson(integrand(a), integrand((a + m) / 2), integrand(m), a, m)
    right = simpson(integrand(m), integrand((m + b) / 2), integrand(b), m, b)
    if depth <= 0 or abs(left + right - whole) < 15 * tolerance:
        return left + right
    return adaptive(a, m, tolerance / 2, depth - 1) + adaptive(m, b, tolerance / 2, depth - 1)


@case("(),()->()", 0.0, 2.0)
def integral(a, b, out):
    out[0] = adaptive(a, b, 1e-9, 20)


@helper
def subset_sums(items, target, start):
    if target == 0:
        return 1
    total = 0
    for i in range(start, items.shape[0]):
        if items[i] <= target:
            total += subset_sums(items, target - items[i], i + 1)
    return total


@case("(n),()->()", rng.integers(1, 9, 10), 15, result="int64")
def count_subsets(items, target, out):
    out[0] = subset_sums(items, target, 0)


# --- geometry -----------------------------------------------------------------------------------------------------

SQUARE = np.array([[0.0, 0], [2, 0], [2, 1], [1, 0.5], [0, 2]])


@case("(n,2),(m,2)->(n)", rng.random((20, 2)) * 2, SQUARE, result="bool")
def in_polygon(points, polygon, inside):
    n = len(polygon)
    for p in range(len(points)):
        x, y = points[p]
        result = False
        x1, y1 = polygon[0]
        for i in range(n + 1):
            x2, y2 = polygon[i % n]
            if min(y1, y2) < y <= max(y1, y2) and x <= max(x1, x2):
                if y1 != y2:
                    crossing = (y - y1) * (x2 - x1) / (y2 - y1) + x1
                if x1 == x2 or x <= crossing:
                    result = not result
            x1, y1 = x2, y2
        inside[p] = result


@case("(n,2)->()", SQUARE)
def polygon_area(polygon, out):
    x, y = polygon[:, 0], polygon[:, 1]
    out[0] = 0.5 * np.abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))


Point = namedtuple("Point", ["x", "y"])


@helper
def turn(o, a, b):
    return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x)


@case("(n,2)->(),(n)", rng.random((15, 2)), result=("int64", "int64"))
def convex_hull(points, size, hull):
    order = points[:, 0].argsort()
    hull[:] = -1
    k = 0
    for i in order:
        while (
            k >= 2
            and turn(
                Point(points[hull[k - 2], 0], points[hull[k - 2], 1]),
                Point(x=points[hull[k - 1], 0], y=points[hull[k - 1], 1]),
                Point(points[i, 0], points[i, 1]),
            )
            <= 0
        ):
            k -= 1
        hull[k] = i
        k += 1
    size[0] = k


# --- finance, tables ----------------------------------------------------------------------------------------------

Terms = namedtuple("Terms", "rate periods")
BRACKETS = ((0.0, 0.1), (9875.0, 0.12), (40125.0, 0.22), (85525.0, 0.24))
LIMITS = np.array([0.0, 0.5, 1.0])


@helper
def annuity(terms):
    if terms.rate == 0:
        return float(terms.periods)
    return (1 - (1 + terms.rate) ** -terms.periods) / terms.rate


@case("(n),()->(n)", POSITIVE * 0.1, 12)
def present_values(rates, periods, out):
    for i in range(rates.shape[0]):
        out[i] = annuity(Terms(rates[i], periods))


@case("(n)->(n)", POSITIVE * 90000)
def income_tax(income, out):
    for i, each in enumerate(income):
        tax = 0.0
        for k in range(len(BRACKETS)):
            low, rate = BRACKETS[k]
            high = BRACKETS[k + 1][0] if k + 1 < len(BRACKETS) else np.inf
            if each > low:
                tax += (min(each, high) - low) * rate
        out[i] = tax


@case("(n)->(n)", X, result="int64")
def table_lookup(x, out):
    for i in range(len(x)):
        out[i] = np.searchsorted(LIMITS, x[i], side="right") + helpers.OFFSETS[i % 3] + helpers.shifted(i)


@case("(n),()->()", np.array([-100.0, 30, 40, 50, 20]), 0.1)
def internal_rate(flows, guess, out):
    rate = guess
    for _ in range(50):
        value = derivative = 0.0
        for t in range(flows.size):
            value += flows[t] / (1 + rate) ** t
            derivative -= t * flows[t] / (1 + rate) ** (t + 1)
        step = value / derivative
        rate -= step
        if abs(step) < 1e-12:
            break
    else:
        raise RuntimeError("no rate was found")
    out[0] = rate


# --- NumPy inside -------------------------------------------------------------------------------------------------


@case("(n)->(10)", X)
def summary(x, out):
    out[0] = np.mean(x)
    out[1] = x.std()
    out[2] = np.var(x)
    out[3] = np.median(x)
    out[4] = np.quantile(x, 0.9)
    out[5] = np.percentile(x, 30)
    out[6] = x.min() + x.max() + np.ptp(x)
    out[7] = np.prod(x[:5])
    out[8] = np.any(x > 2) + 2.0 * np.all(x > -9)
    out[9] = np.argmin(x) + np.argmax(x) + np.count_nonzero(x > 0)


@case("(n)->(n)", X)
def array_expressions(x, out):
    y = np.where(x > 0, np.sqrt(np.abs(x)), -x)
    z = np.clip(y, 0.1, 0.9) + np.round(x, 1)
    w = np.exp(-(z**2)) * 2 - np.maximum(x, 0) // 1
    w[w > 1.5] = 0.0
    w[np.isnan(w) | (x < -1)] += 1.0
    out[:] = np.cumsum(w)
    out[1:] -= np.diff(x) * 0.5
    out[::2] = out[::-2][: len(out[::2])]


@case("(n,m)->(m),(n)", M, result=("float64", "float64"))
def along_axes(x, columns, rows):
    centred = x - x.mean() if x.ndim == 2 else x
    columns[:] = centred.sum(axis=0) / x.shape[0]
    scaled = np.empty_like(x)
    for j in range(x.shape[1]):
        scaled[:, j] = x[:, j] / np.sqrt((x[:, j] ** 2).sum())
    for i, row in enumerate(scaled):
        rows[i] = row.max() - np.mean(x.T[:, i])


@case("(n)->(n),(n)", X[:20], result=("float64", "int64"))
def ranks(x, out, order):
    order[:] = np.argsort(x, kind="mergesort")
    out[order] = np.arange(1, x.size + 1)
    chosen = x[order[::3]]
    out[: chosen.size] += np.take(x, order[: chosen.size]) + chosen


@case("(n,m)->(n*m)", M)
def reshaped(x, out):
    flat = np.ravel(x)
    square = flat.reshape(x.shape[1], -1)
    out[:] = square.T.copy().flatten() + np.ascontiguousarray(x).reshape(-1)


@case("(n)->(n)", X[:16] + 1j * X[16:32], result="complex128")
def fourier(x, out):
    n = x.shape[0]
    for k in range(n):
        total = 0j
        for t in range(n):
            angle = -2 * math.pi * k * t / n
            total += x[t] * complex(math.cos(angle), np.sin(angle))
        out[k] = total.real + 1j * total.imag


@case("(n)->(n,n)", X[:6])
def outer_products(x, out):
    out[:] = np.outer(x, x) + np.eye(len(x)) + x.reshape((-1, 1)) * x


@case("(n)->()", INTS, result="int64")
def python_numbers(x, out):
    total = 0
    for i in range(len(x)):
        v = int(x[i])
        q, r = divmod(v, 7)
        total += q * 3 + r - v // 3 + v % 5 + (v << 2) - (v >> 1) + (v & 12) - (v | 3) + (v ^ 5) + ~v
        total += abs(v) + pow(v, 2) + round(v / 3) + int(bool(v)) + min(v, 3, 4) - max(v, -2)
        if 0 < v <= 5 < 10 or not v:
            total += 1
    out[0] = total


def make_scaler(factor, table):
    @helper
    def scale(value, k=1):
        return factor * value + table[k]

    return scale


scale_by_closure = make_scaler(2.5, (1.0, 2.0, 3.0))


@case("(n)->(n)", X)
def closures(x, out):
    local = lambda v: v + 1  # noqa: E731
    for i in range(len(x)):
        out[i] = scale_by_closure(local(x[i]), k=i % 3) + scale_by_closure(x[i])


@case("(n)->(n)", X)
def lists_of_numbers(x, out):
    kept = [v for v in x if v > 0]
    kept.append(0.5)
    kept.extend([0.25, 0.75])
    kept.sort()
    total = sum(kept[1:3]) + len(kept)
    out[:] = total
    out[: len(kept)] = np.array(kept)
    while len(kept) > 3:
        total += kept.pop()
    kept.insert(0, 9.0)
    out[-1] = total + kept[0] + kept[-1]


@case("(n,3)->()", rng.random((7, 3)))
def tuples(points, out):
    best = (np.inf, -1)
    for i in range(points.shape[0]):
        a, rest = points[i, 0], (points[i, 1], points[i, 2])
        key = (a + rest[0] * rest[1], i)
        if key < best:
            best = key
    out[0] = best[0] * 10 + best[1]


@case("(n)->(n)", X.astype(np.float32), result="float32")
def casts(x, out):
    acc = np.float64(0)
    for i in range(len(x)):
        acc += np.float64(x[i]) * np.int32(3)
        out[i] = np.float32(acc) + np.int64(i) % np.int64(4)


@case("(n),(n)->(3)", X, np.roll(X, 1))
def correlation(x, y, out):
    mx, my = x.mean(), y.mean()
    out[0] = ((x - mx) * (y - my)).sum() / np.sqrt(((x - mx) ** 2).sum() * ((y - my) ** 2).sum())
    out[1:] = np.array([mx, my])
    if np.isclose(mx, my) and np.allclose(x.sum(), y.sum()):
        out[2] += 1


@case("(n)->(2,n)", X)
def stacked(x, out):
    a = np.concatenate((x[:3], x[3:]))
    b = np.append(x[1:], x[0])
    both = np.vstack((a, np.flip(b)))
    out[...] = both
    out[0, np.array([0, 2])] = 7.0
    out[1, ::-1][0] += 1


# --- thresholds, flood fills, roots, hashes ------------------------------------------------------------------------


@case("(h,w)->(),()", rng.integers(0, 256, (6, 7)).astype(np.uint8), result=("int64", "float64"))
def otsu_threshold(image, threshold, variance):
    histogram = np.zeros(256, dtype=np.int64)
    for value in image.flat:
        histogram[value] += 1
    p = histogram / image.size
    threshold[0] = 0
    variance[0] = -1.0
    for t in range(1, 256):
        below, above = p[:t].sum(), p[t:].sum()
        if below == 0 or above == 0:
            continue
        difference = (np.arange(t) * p[:t]).sum() / below - (np.arange(t, 256) * p[t:]).sum() / above
        between = below * above * difference**2
        if between > variance[0] + 1e-9:
            threshold[0], variance[0] = t, between


@case("(h,w),(),()->(h,w),()", rng.integers(0, 2, (8, 8)), 0, 0, result=("int64", "int64"))
def flood_fill(grid, row, column, out, filled):
    out[:] = grid
    filled[0] = 0
    target = grid[row, column]
    stack = [(row, column)]
    while len(stack) > 0:
        i, j = stack.pop()
        if not (0 <= i < grid.shape[0] and 0 <= j < grid.shape[1]) or out[i, j] != target:
            continue
        out[i, j] = 7
        filled[0] += 1
        stack.extend([(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)])


@case("(),(),()->(),()", 0.5, 3.0, 1e-12, result=("float64", "int64"))
def secant_root(a, b, tolerance, root, steps):
    def cubic(x):
        return x**3 - 2 * x - 5

    fa, fb = cubic(a), cubic(b)
    if fa * fb > 0:
        raise ValueError("the ends must have values of different signs")
    steps[0] = 0
    while abs(b - a) > tolerance and steps[0] < 200:
        middle = b - fb * (b - a) / (fb - fa) if steps[0] % 2 else (a + b) / 2
        value = cubic(middle)
        if fa * value < 0:
            b, fb = middle, value
        else:
            a, fa = middle, value
        steps[0] += 1
    root[0] = (a + b) / 2


@case("(n),()->()", np.arange(9, dtype=np.uint32) * np.uint32(77777777), np.uint32(42), result="uint32")
def murmur_hash(keys, seed, out):
    h = np.uint32(seed)
    for k in keys:
        k = np.uint32(k * np.uint32(0xCC9E2D51))
        k = np.uint32((k << np.uint32(15)) | (k >> np.uint32(17)))
        h = np.uint32(h ^ np.uint32(k * np.uint32(0x1B873593)))
        h = np.uint32((h << np.uint32(13)) | (h >> np.uint32(19)))
        h = np.uint32(h * np.uint32(5) + np.uint32(0xE6546B64))
    out[0] = h ^ (h >> np.uint32(16))
