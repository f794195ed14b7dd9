"""Which functions of SciPy and scikit-learn take tensors, as docs/scipy-and-scikit-learn.md, which this writes, says.

It needs scipy, scikit-learn and array-api-compat beside aotops. Each function is called with tensors, and with NumPy's
arrays of the same numbers; where the results agree it works, else its error is the reason.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np

import aotops as ao

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)) + 1.5, RNG.normal(size=(40, 3))
POSITIVE = np.abs(X) + 0.1
LABELS = RNG.integers(0, 2, 40)
TARGET = X @ np.array([1.0, -2.0, 0.5]) + 0.1

Call = Callable[..., Any]


def scipy_calls() -> dict[str, tuple[Call, tuple[Any, ...]]]:
    """Functions of SciPy, and the arrays that they are called with."""
    from scipy import cluster, integrate, ndimage, signal, special, stats
    from scipy.optimize import elementwise

    calls: dict[str, tuple[Call, tuple[Any, ...]]] = {}
    for name in (
        "zscore",
        "skew",
        "kurtosis",
        "sem",
        "variation",
        "moment",
        "describe",
        "kstat",
        "kstatvar",
        "circmean",
        "circvar",
        "circstd",
        "gzscore",
        "zmap",
        "tmean",
        "tvar",
        "tstd",
        "tsem",
        "tmin",
        "tmax",
        "entropy",
        "gmean",
        "hmean",
        "pmean",
        "gstd",
        "iqr",
        "lmoment",
        "normaltest",
        "skewtest",
        "kurtosistest",
        "jarque_bera",
        "ttest_1samp",
        "ttest_ind",
        "ttest_rel",
        "f_oneway",
        "bartlett",
        "pearsonr",
        "chisquare",
        "power_divergence",
        "combine_pvalues",
        "directional_stats",
        "rankdata",
        "differential_entropy",
        "mode",
        "levene",
        "fligner",
        "alexandergovern",
        "trim_mean",
        "quantile",
        "xp_mean",
    ):
        function = getattr(stats, name, None)
        if function is None:
            continue
        if name in (
            "ttest_ind",
            "ttest_rel",
            "f_oneway",
            "bartlett",
            "pearsonr",
            "levene",
            "fligner",
            "alexandergovern",
            "zmap",
        ):
            calls[f"stats.{name}"] = (lambda f: lambda a, b: f(a, b))(function), (X[:, 0], Y[:, 0])
        elif name == "ttest_1samp":
            calls[f"stats.{name}"] = (lambda f: lambda a: f(a, 1.0))(function), (X,)
        elif name == "pmean":
            calls[f"stats.{name}"] = (lambda f: lambda a: f(a, 2))(function), (POSITIVE,)
        elif name == "trim_mean":
            calls[f"stats.{name}"] = (lambda f: lambda a: f(a, 0.1))(function), (X,)
        elif name == "quantile":
            calls[f"stats.{name}"] = (lambda f: lambda a: f(a, 0.25, axis=0))(function), (X,)
        elif name in ("kstat", "kstatvar", "lmoment"):
            calls[f"stats.{name}"] = (lambda f: lambda a: f(a))(function), (X[:, 0],)
        elif name == "combine_pvalues":
            calls[f"stats.{name}"] = (lambda f: lambda a: f(a))(function), (np.array([0.1, 0.2, 0.3]),)
        else:
            calls[f"stats.{name}"] = function, (POSITIVE,)
    for name in (
        "expit",
        "logit",
        "erf",
        "erfc",
        "log_ndtr",
        "ndtr",
        "ndtri",
        "entr",
        "gammaln",
        "gamma",
        "digamma",
        "i0",
        "i0e",
        "i1",
        "i1e",
        "exp1",
        "log1p",
        "sinc",
        "logsumexp",
        "softmax",
        "log_softmax",
        "log_expit",
    ):
        if hasattr(special, name):
            calls[f"special.{name}"] = getattr(special, name), (np.clip(POSITIVE / 10, 0.05, 0.9),)
    for name in ("xlogy", "rel_entr", "xlog1py", "gammainc", "gammaincc", "betaln", "kl_div"):
        if hasattr(special, name):
            calls[f"special.{name}"] = getattr(special, name), (POSITIVE, POSITIVE[::-1].copy())
    calls["cluster.vq.whiten"] = cluster.vq.whiten, (X,)
    calls["cluster.vq.vq"] = cluster.vq.vq, (X, X[:3].copy())
    calls["cluster.vq.kmeans"] = lambda a, b: cluster.vq.kmeans(a, b), (X, X[:3].copy())
    calls["cluster.hierarchy.linkage"] = cluster.hierarchy.linkage, (X,)
    for name in ("trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"):
        calls[f"integrate.{name}"] = (lambda f: lambda a: f(a, axis=0))(getattr(integrate, name)), (X,)
    calls["integrate.tanhsinh"] = lambda a, b: integrate.tanhsinh(lambda x: x * x, a, b).integral, (X[:, 0], Y[:, 0])
    calls["integrate.cubature"] = lambda a: integrate.cubature(lambda x: x[..., 0] ** 2, a, a + 1).estimate, (X[0],)
    calls["optimize.elementwise.find_root"] = (
        lambda a, b: elementwise.find_root(lambda x: x * x * x - 1.0, (a, b)).x,
        (X[:, 0] * 0, X[:, 0] * 0 + 3),
    )
    calls["optimize.elementwise.find_minimum"] = (
        lambda a, b, c: elementwise.find_minimum(lambda x: (x - 1.0) ** 2, (a, b, c)).x,
        (X[:, 0] * 0 - 3, X[:, 0] * 0 + 0.5, X[:, 0] * 0 + 4),
    )
    for name in (
        "detrend",
        "hilbert",
        "sosfilt",
        "medfilt",
        "savgol_filter",
        "decimate",
        "periodogram",
        "fftconvolve",
        "convolve",
        "correlate",
        "lfilter",
        "resample",
        "wiener",
        "find_peaks",
    ):
        if name in ("fftconvolve", "convolve", "correlate"):
            calls[f"signal.{name}"] = getattr(signal, name), (X[:, 0], Y[:5, 0])
        elif name == "lfilter":
            calls[f"signal.{name}"] = signal.lfilter, (X[:2, 0], np.array([1.0, 0.2]), Y[:, 0])
        elif name == "savgol_filter":
            calls[f"signal.{name}"] = lambda a: signal.savgol_filter(a, 5, 2), (X[:, 0],)
        elif name in ("decimate", "resample"):
            calls[f"signal.{name}"] = (lambda f: lambda a: f(a, 2))(getattr(signal, name)), (X[:, 0],)
        elif name == "sosfilt":
            calls[f"signal.{name}"] = signal.sosfilt, (signal.butter(2, 0.3, output="sos"), X[:, 0])
        else:
            calls[f"signal.{name}"] = getattr(signal, name), (X[:, 0],)
    for name in (
        "gaussian_filter",
        "uniform_filter",
        "median_filter",
        "sobel",
        "laplace",
        "label",
        "sum_labels",
        "zoom",
        "rotate",
        "shift",
        "distance_transform_edt",
        "center_of_mass",
        "maximum_filter",
    ):
        if name in ("gaussian_filter", "uniform_filter", "median_filter", "zoom", "shift", "maximum_filter"):
            calls[f"ndimage.{name}"] = (lambda f: lambda a: f(a, 2))(getattr(ndimage, name)), (X,)
        elif name == "rotate":
            calls[f"ndimage.{name}"] = lambda a: ndimage.rotate(a, 30), (X,)
        else:
            calls[f"ndimage.{name}"] = getattr(ndimage, name), (X,)
    return {f"scipy.{name}": call for name, call in {**calls, **further_scipy_calls()}.items()}


def further_scipy_calls() -> dict[str, tuple[Call, tuple[Any, ...]]]:
    """More functions of SciPy, most of which take arrays alone."""
    from scipy import differentiate, fft, integrate, interpolate, ndimage, signal, spatial, special, stats

    pair, small = (X[:, 0], Y[:, 0]), (np.clip(POSITIVE / 10, 0.05, 0.9),)
    axis, binary = np.linspace(0.0, 1.0, 40), X > 1.5
    rotation = spatial.transform.Rotation
    calls: dict[str, tuple[Call, tuple[Any, ...]]] = {
        "stats.friedmanchisquare": (stats.friedmanchisquare, (X[:, 0], X[:, 1], X[:, 2])),
        "stats.boxcox_llf": (lambda a: stats.boxcox_llf(0.5, a), (POSITIVE[:, 0],)),
        "stats.yeojohnson_llf": (lambda a: stats.yeojohnson_llf(0.5, a), (X[:, 0],)),
        "stats.false_discovery_control": (stats.false_discovery_control, (np.array([0.1, 0.02, 0.3]),)),
        "special.multigammaln": (lambda a: special.multigammaln(a + 5, 2), (POSITIVE,)),
        "ndimage.gaussian_filter1d": (lambda a: ndimage.gaussian_filter1d(a, 1.0), (X,)),
        "ndimage.convolve": (ndimage.convolve, (X, np.ones((3, 3)))),
        "ndimage.rank_filter": (lambda a: ndimage.rank_filter(a, 2, 3), (X,)),
        "ndimage.grey_erosion": (lambda a: ndimage.grey_erosion(a, 3), (X,)),
        "ndimage.map_coordinates": (ndimage.map_coordinates, (X, np.array([[1.0, 2.0], [0.5, 1.5]]))),
        "signal.convolve2d": (signal.convolve2d, (X, np.ones((3, 3)))),
        "signal.resample_poly": (lambda a: signal.resample_poly(a, 3, 2), (X[:, 0],)),
        "signal.filtfilt": (signal.filtfilt, (np.array([0.2, 0.3]), np.array([1.0, 0.1]), X[:, 0])),
        "signal.freqz": (lambda a: signal.freqz(a)[1], (Y[:5, 0],)),
        "signal.envelope": (signal.envelope, (X[:, 0],)),
        "signal.tf2zpk": (lambda a: signal.tf2zpk(a, a)[0], (X[:3, 0],)),
        "differentiate.derivative": (lambda a: differentiate.derivative(lambda x: x**3, a).df, (X[:, 0],)),
        "differentiate.jacobian": (lambda a: differentiate.jacobian(lambda x: x**2, a).df, (X[0],)),
        "integrate.nsum": (lambda a: integrate.nsum(lambda x: 1 / x**2, a, a + 5).sum, (np.array([1.0, 2.0]),)),
        "interpolate.CubicSpline": (lambda a, b: interpolate.CubicSpline(a, b)(a), (axis, Y[:, 0])),
        "interpolate.make_interp_spline": (lambda a, b: interpolate.make_interp_spline(a, b)(a), (axis, Y[:, 0])),
        "interpolate.PchipInterpolator": (lambda a, b: interpolate.PchipInterpolator(a, b)(a), (axis, Y[:, 0])),
        "interpolate.Akima1DInterpolator": (lambda a, b: interpolate.Akima1DInterpolator(a, b)(a), (axis, Y[:, 0])),
        "interpolate.RBFInterpolator": (lambda a, b: interpolate.RBFInterpolator(a, b)(a), (X, Y[:, 0])),
        "spatial.transform.Rotation.from_rotvec": (lambda a: rotation.from_rotvec(a).as_quat(), (X[:4],)),
        "spatial.transform.Rotation.apply": (lambda a, b: rotation.from_rotvec(a).apply(b), (X[:4], Y[:4])),
        "spatial.transform.Rotation.from_euler": (lambda a: rotation.from_euler("xyz", a).as_quat(), (X[:4],)),
        "spatial.distance.pdist": (spatial.distance.pdist, (X,)),
    }
    for module, arrays, names in (
        (stats, pair, "mannwhitneyu wilcoxon kruskal ks_2samp cramervonmises_2samp brunnermunzel ranksums ansari mood"),
        (stats, pair, "linregress theilslopes siegelslopes spearmanr kendalltau weightedtau pointbiserialr"),
        (stats, pair, "epps_singleton_2samp energy_distance wasserstein_distance"),
        (stats, pair[:1], "median_abs_deviation shapiro"),
        (special, small, "erfinv erfcinv j0 j1 y0 k0 psi ellipk ellipe expm1 exp2 exp10 cbrt sindg cosdg rgamma erfcx"),
        (special, (*small, *small), "beta chdtr chdtrc poch binom gammaincinv"),
        (fft, (X,), "fft ifft rfft fft2 dct dst fftshift"),
        (ndimage, (X,), "prewitt maximum_position minimum extrema standard_deviation variance mean sum"),
        (ndimage, (binary,), "binary_fill_holes binary_erosion binary_dilation binary_opening distance_transform_cdt"),
        (signal, pair, "oaconvolve upfirdn"),
        (signal, (X,), "hilbert2 medfilt2d"),
    ):
        for name in names.split():
            calls[f"{module.__name__.removeprefix('scipy.')}.{name}"] = getattr(module, name), arrays
    return calls


def sklearn_calls() -> dict[str, tuple[Call, tuple[Any, ...]]]:
    """What of scikit-learn documents support of the array API, and the arrays that it is called with."""
    from sklearn import decomposition, discriminant_analysis, linear_model, metrics, mixture, preprocessing
    from sklearn.metrics import pairwise
    from sklearn.model_selection import train_test_split

    calls: dict[str, tuple[Call, tuple[Any, ...]]] = {}
    for name in (
        "StandardScaler",
        "MinMaxScaler",
        "MaxAbsScaler",
        "Normalizer",
        "Binarizer",
        "KernelCenterer",
        "PolynomialFeatures",
        "LabelBinarizer",
    ):
        model = getattr(preprocessing, name)
        data = X @ X.T if name == "KernelCenterer" else LABELS if name == "LabelBinarizer" else X
        calls[f"preprocessing.{name}"] = (lambda m: lambda a: m().fit(a).transform(a))(model), (data,)
    calls["preprocessing.LabelEncoder"] = lambda a: preprocessing.LabelEncoder().fit(a).transform(a), (LABELS,)
    predicted = RNG.integers(0, 2, 40)
    for name in (
        "accuracy_score",
        "balanced_accuracy_score",
        "f1_score",
        "precision_score",
        "recall_score",
        "jaccard_score",
        "zero_one_loss",
        "hamming_loss",
        "confusion_matrix",
        "multilabel_confusion_matrix",
        "precision_recall_fscore_support",
        "cohen_kappa_score",
    ):
        calls[f"metrics.{name}"] = getattr(metrics, name), (LABELS, predicted)
    for name in (
        "r2_score",
        "mean_squared_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "max_error",
        "explained_variance_score",
        "mean_absolute_percentage_error",
        "median_absolute_error",
        "mean_pinball_loss",
        "d2_tweedie_score",
        "mean_tweedie_deviance",
        "mean_poisson_deviance",
        "mean_gamma_deviance",
        "mean_squared_log_error",
        "root_mean_squared_log_error",
        "d2_absolute_error_score",
    ):
        calls[f"metrics.{name}"] = getattr(metrics, name), (POSITIVE[:, 0], POSITIVE[:, 1])
    calls["metrics.log_loss"] = metrics.log_loss, (LABELS, np.clip(POSITIVE[:, 0] / 10, 0.05, 0.9))
    calls["metrics.brier_score_loss"] = metrics.brier_score_loss, (LABELS, np.clip(POSITIVE[:, 0] / 10, 0.05, 0.9))
    calls["metrics.roc_curve"] = metrics.roc_curve, (LABELS, X[:, 0])
    calls["metrics.roc_auc_score"] = metrics.roc_auc_score, (LABELS, X[:, 0])
    for name in (
        "cosine_similarity",
        "cosine_distances",
        "euclidean_distances",
        "linear_kernel",
        "polynomial_kernel",
        "rbf_kernel",
        "sigmoid_kernel",
        "laplacian_kernel",
        "additive_chi2_kernel",
        "chi2_kernel",
        "manhattan_distances",
        "paired_euclidean_distances",
        "paired_cosine_distances",
    ):
        calls[f"metrics.pairwise.{name}"] = getattr(pairwise, name), (POSITIVE, np.abs(Y))
    calls["model_selection.train_test_split"] = (lambda a: train_test_split(a, random_state=0, shuffle=False)[0], (X,))
    calls["linear_model.Ridge(solver='svd')"] = (
        lambda a, b: linear_model.Ridge(solver="svd").fit(a, b).predict(a),
        (X, TARGET),
    )
    calls["linear_model.LogisticRegression"] = (
        lambda a, b: linear_model.LogisticRegression(solver="lbfgs").fit(a, b).predict(a),
        (X, LABELS),
    )
    calls["decomposition.PCA"] = (lambda a: abs(decomposition.PCA(2, svd_solver="full").fit(a).transform(a)), (X,))
    calls["discriminant_analysis.LinearDiscriminantAnalysis"] = (
        lambda a, b: discriminant_analysis.LinearDiscriminantAnalysis().fit(a, b).predict(a),
        (X, LABELS),
    )
    calls["mixture.GaussianMixture"] = (
        lambda a: mixture.GaussianMixture(2, init_params="random_from_data", random_state=0).fit(a).predict(a),
        (X,),
    )
    return {f"sklearn.{name}": call for name, call in calls.items()}


def flat(result: Any) -> list[Any]:
    """The arrays and numbers of a result."""
    if isinstance(result, (tuple, list)):
        return [each for item in result for each in flat(item)]
    if isinstance(result, (ao.Tensor, np.ndarray, float, int, np.generic)):
        return [result]
    fields = getattr(result, "__dict__", {})
    names = [name for name in ("statistic", "pvalue") if hasattr(result, name)]
    return [each for name in names or fields for each in flat(getattr(result, name))]


def outcome(call: Call, arrays: tuple[Any, ...]) -> str:
    """Nothing where tensors give what arrays give, else the reason."""
    try:
        wanted = flat(call(*arrays))
    except Exception as error:  # of the call itself: mend it here
        return f"NumPy: {type(error).__name__}: {error}"
    try:
        found = flat(call(*[ao.asarray(array.copy()) for array in arrays]))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    if len(found) != len(wanted):
        return f"gives {len(found)} results, not {len(wanted)}"
    for one, other in zip(found, wanted, strict=True):
        if isinstance(one, ao.Tensor) != isinstance(other, (np.ndarray, np.generic)) and np.ndim(other):
            return f"gives {type(one).__name__}"
        if not np.allclose(np.asarray(one), np.asarray(other), rtol=1e-9, atol=1e-12, equal_nan=True):
            return "gives other numbers"
    return ""


def table() -> dict[str, str]:
    """Each function, and why it does not work; nothing where it does."""
    import sklearn

    results = {}
    with warnings.catch_warnings(), sklearn.config_context(array_api_dispatch=True):
        warnings.simplefilter("ignore")
        for name, (call, arrays) in {**scipy_calls(), **sklearn_calls()}.items():
            results[name] = outcome(call, arrays)
    return results


PAGE = """# Functions of SciPy and scikit-learn on tensors

`SCIPY_ARRAY_API=1` makes SciPy, and `sklearn.set_config(array_api_dispatch=True)` scikit-learn, compute with the
functions of the arrays that they are given. `tools/neighbours.py` calls them with tensors and NumPy's arrays of the
same numbers, and writes this page: here with SciPy {scipy} and scikit-learn {sklearn}.

{works} of {count} functions give NumPy's results:

{tables}

SciPy's `nan_policy="omit"` leaves nothing out of arrays of any library but NumPy: the results are NaN. Select the
numbers first, as `t[~aotops.isnan(t)]`.

The others:

| function | what happens |
|---|---|
{others}
"""


def page(results: dict[str, str]) -> str:
    """The page that docs/scipy-and-scikit-learn.md is."""
    import scipy
    import sklearn

    groups: dict[str, list[str]] = {}
    for name, reason in results.items():
        if not reason:
            group, _, short = name.rpartition(".")
            groups.setdefault(group, []).append(short)
    works = [f"- `{group}`: `{' '.join(names)}`" for group, names in groups.items()]
    others = [f"| `{name}` | {reason} |" for name, reason in results.items() if reason]
    return PAGE.format(
        scipy=scipy.__version__,
        sklearn=sklearn.__version__,
        works=sum(not reason for reason in results.values()),
        count=len(results),
        tables="\n".join(works),
        others="\n".join(others),
    )


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "scipy-and-scikit-learn.md"
    Path(target).write_text(page(table()), encoding="utf-8")
