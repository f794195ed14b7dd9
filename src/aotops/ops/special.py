"""Special functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    fma,
    look_up16,
    look_up16_float32,
    narrow,
    scale,
    select,
    widen,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    LOG2_E,
    NAN,
    ROOT_SHARES_32,
    ROOTS_32,
    by_table,
    chained,
    exp_parts64,
    in_float64,
)
from aotops.ops.record import FLOATS, TO_FLOAT, map

#: Polynomials are evaluated from here on, where no square is subnormal: of smaller numbers they are what they are here.
TINY, TINY_32 = 7.450580596923828e-09, 0.000244140625  # 2^-27, 2^-12

# --- erf ----------------------------------------------------------------------------------------------------------


#: The middle of each interval of 0.384, and its coefficients from the constant one up, of degree 13:
#: `tools/fit_by_table.py erf` fits the function within 2^-57; on the first two, what erf is more than its argument.
# fmt: off
ERF = (
    (0.0, 0.0, 0.1283791670955126, 4.8219004667094555e-19, -0.37612638903183765, 1.574468419715956e-14,
     0.11283791670862627, 3.2274800005768836e-11, -0.02686617136574215, 1.0730745382343314e-08, 0.005223869058426175,
     7.447893361661426e-07, -0.0008582027474808635, 9.334655804571734e-06, 0.00010782890771837995),
    (0.0, 0.0, 0.1283791670323947, 2.4686874743681967e-09, -0.37612643302197085, 4.7285646132823473e-07,
     0.11283449586310325, 1.7587734911665763e-05, -0.02693227258674079, 0.0001837938554518982, 0.004846368960022285,
     0.0005645209235827089, -0.0014471567291337317, 0.00040327336040878935, -2.2983492868885546e-05),
    (0.749472, 0.7108160316158771, 0.6434402929181279, -0.48224048321393587, 0.02647039531748358, 0.15082741767856855,
     -0.05315748914415695, -0.02694062819063283, 0.018425472195290928, 0.0023206512545883204, -0.003969213587967384,
     0.00018226854203863194, 0.0006241897377850425, -0.00010290637688870489, -7.134558246142222e-05),
    (1.1662080000000001, 0.9009070877120138, 0.2895987711839983, -0.3377324037449485, 0.16604456367639858,
     0.015756218657104172, -0.057163380403244354, 0.018019805522502028, 0.007606088406773608, -0.0060789561630707045,
     9.643803891081503e-05, 0.0010581695855132413, -0.000239991186253165, -0.0001128866639586537,
     5.2243318554538136e-05),
    (1.527552, 0.9692493676443451, 0.10941220030368898, -0.16713282539830232, 0.13373198770073685,
     -0.04643034083810711, -0.011749692325013364, 0.018364179487448763, -0.005217377956531633, -0.001942723347332172,
     0.001673879528551114, -0.00016610013694618245, -0.00022597932127672168, 8.291958337203259e-05,
     -3.2648220216331442e-06),
    (1.925472, 0.9935313545503389, 0.027690657829466586, -0.0533175863122193, 0.059210793757985436,
     -0.039231833968428206, 0.012452681005850908, 0.0024693928287419687, -0.004323423807741676, 0.0015520039786940452,
     0.00017662176025470933, -0.0003439749206424637, 9.081641582772161e-05, 2.348228074472668e-05,
     -1.3658977632108558e-05),
    (2.32224, 0.998977071053787, 0.005133249549115418, -0.011920637432937897, 0.01674397086514058,
     -0.015468213639908685, 0.009345170517284106, -0.003109052630127969, -0.00016219302159301404,
     0.0007603888400594597, -0.00036086550255150685, 3.2404294833170075e-05, 4.540806865831243e-05,
     -2.213523711441304e-05, 1.1834654807516809e-06),
    (2.676384, 0.9998462781638723, 0.0008741582996564314, -0.00233958328666844, 0.0038830294168685797,
     -0.004416377805583446, 0.0035630603300268095, -0.0020010051749285154, 0.0006817835836695166,
     -2.738963300979809e-05, -0.00011629630173663713, 6.705862293258748e-05, -1.3193492593257676e-05,
     -3.6135025431141176e-06, -3.8865020318870356e-07),
    (3.0815040000000002, 0.9999868686494195, 8.48280183743109e-05, -0.0002613978779323987, 0.000508723064838911,
     -0.0006966834536605916, 0.0007061162194382462, -0.0005395177251510317, 0.00030688460254250834,
     -0.00012080590961091318, 2.3049759722446403e-05, 7.279511107751741e-06, -7.769664330016844e-06,
     2.804747974151714e-06, -9.400749246708021e-07),
    (3.4691520000000002, 0.9999990710515312, 6.694439098650705e-06, -2.3224026787175237e-05, 5.1480306303073666e-05,
     -8.155516180996542e-05, 9.772680508422798e-05, -9.126163320117696e-05, 6.718939985920567e-05,
     -3.871865657847723e-05, 1.6764467967529772e-05, -4.693459135108519e-06, 6.957236185564368e-07,
     -1.1813406418248243e-07, -4.466968280843933e-06),
    (3.833088, 0.9999999406687603, 4.6941369514121535e-07, -1.7993040019049985e-06, 4.4414558210791335e-06,
     -7.912477495870651e-06, 1.0799252103538684e-05, -1.168816838013813e-05, 1.0229273178459535e-05,
     -7.297746787669612e-06, 4.226451512356488e-06, -1.94482962759865e-06, 6.799088810327231e-07,
     -1.117278638997826e-07, -1.6748480068850238e-07),
    (4.231296, 0.9999999978221809, 1.891929373277929e-08, -8.005313158524398e-08, 2.1951258382217053e-07,
     -4.3772709205997166e-07, 6.750034129237988e-07, -8.353053176543235e-07, 8.494957230082377e-07,
     -7.203683185395209e-07, 4.948288203817294e-07, -2.7464848176057024e-07, 5.165851950369898e-07,
     -3.60552751804959e-07, -3.144945616540674e-06),
    (4.620768, 0.9999999999362853, 6.020294971325121e-10, -2.7818386126694746e-09, 8.368811309843826e-09,
     -1.8407896462956143e-08, 3.151267303261166e-08, -4.362773975934162e-08, 5.010811453889731e-08,
     -4.8596819787657744e-08, 3.9526468949973645e-08, -2.6378300259168957e-08, 3.067525488734293e-08,
     -2.996612819097395e-08, -1.2076767419119902e-07),
    (5.00112, 0.99999999999848, 1.5496313553363922e-11, -7.749894160492709e-11, 2.5322143022971415e-10,
     -6.073559616953917e-10, 1.1391950702264669e-09, -1.737937319323111e-09, 2.1951262518458962e-09,
     -2.327752294364108e-09, 2.9545558292111766e-09, -3.5240250173529675e-09, -1.5262171984504234e-08,
     1.6481652753782316e-08, 1.4636815918569437e-07),
    (5.3770560000000005, 0.9999999999999714, 3.132248022628352e-13, -1.6841402002331198e-12, 5.910185818619822e-12,
     -1.5362711021268617e-11, 3.6159876609612033e-11, -5.5363147126942585e-11, -3.78041040223309e-10,
     1.0756856504662802e-10, 2.0467482087069834e-08, -5.222945977173996e-09, -4.4244685731820754e-07,
     5.0693787215562797e-08, 3.6962130565243335e-06),
    (5.745888, 0.9999999999999996, 5.18140940652507e-15, -2.9564030757061445e-14, 1.0920467830541086e-13,
     -3.8064267235755034e-13, 1.382018986084008e-12, 7.845186638212e-12, -6.885166466015456e-11,
     -5.458998575619024e-10, 3.5653924719520688e-09, 1.496033893817054e-08, -8.768089854431837e-08,
     -1.5426821654995502e-07, 8.408909319431389e-07),
)
# fmt: on
ERF_MIDDLES, ERF_CONSTANTS = Table(tuple(row[0] for row in ERF)), Table(tuple(row[1] for row in ERF))
E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13 = (Table(tuple(row[k] for row in ERF)) for k in range(2, 15))


def erf64(x: Any) -> Any:
    """erf in float64, by table; from 5.92 on it rounds to 1.

    In the first two intervals the middle and the constant are 0, and the distance ``t`` from the middle takes the
    constant's place, which elsewhere is the larger one. By three polynomials, with a select for each coefficient, it
    took 1.4 times as long, and 1.6 by AVX2.
    """
    a = math.fabs(x)
    a = select(a > 5.94, 5.94, a)
    m = select(a < TINY, TINY, a)
    # the bits of a sum between 2**52 and 2**53 end with its integer
    j = bits_of_float64(fma(m, 2.6041666666666665, 6755399441055744.0))
    middle, constant = look_up16(ERF_MIDDLES, j), look_up16(ERF_CONSTANTS, j)
    t = m - middle
    t2 = t * t
    t4 = t2 * t2
    p12 = fma(t, look_up16(E2, j), look_up16(E1, j))
    p34 = fma(t, look_up16(E4, j), look_up16(E3, j))
    p56 = fma(t, look_up16(E6, j), look_up16(E5, j))
    p78 = fma(t, look_up16(E8, j), look_up16(E7, j))
    p9 = fma(t, look_up16(E10, j), look_up16(E9, j))
    p11 = fma(t, look_up16(E12, j), look_up16(E11, j))
    high = fma(t4, look_up16(E13, j), fma(t2, p11, p9))
    slope = fma(t4, fma(t4, high, fma(t2, p78, p56)), fma(t2, p34, p12))
    t = a - middle
    return math.copysign(fma(t, slope, select(t > constant, t, constant)), x)


def erf32(x: Any) -> Any:
    """erf in float32: ``a - a * p`` to 61/64, then ``1 - p * p`` with ``p`` the square root of erfc, which is flatter.

    Both polynomials share one evaluation, with a select for each coefficient.
    """
    a = math.fabs(x)
    a = select(a > 4.0, 4.0, a)  # from 3.92 on it rounds to 1
    small = a < 0.953125
    moderate = select(a < TINY_32, TINY_32, a)
    v = select(small, fma(moderate, moderate, -0.46875), a - 1.0)
    v2 = v * v
    c0 = select(small, 0.0256696455180645, 0.3966096341609955)
    c1 = select(small, 0.28608930110931396, -0.5233199596405029)
    c2 = select(small, -0.08114468306303024, 0.17806470394134521)
    c3 = select(small, 0.01872408576309681, 0.060505758970975876)
    c4 = select(small, -0.0035687810741364956, -0.04733610153198242)
    c5 = select(small, 0.0005796047626063228, -0.0023704851046204567)
    p78 = fma(v, -0.0014118286781013012, -0.00019768245692830533)
    p9 = fma(v, fma(v, 6.4006567299657036e-06, -9.701713861431926e-05), 0.000572388875298202)
    c6 = select(small, -8.195098780561239e-05, fma(v, fma(v2, p9, p78), 0.007368189282715321))
    p = fma(v, fma(v, fma(v, fma(v2, c5, c3), fma(v2, fma(v2, c6, c4), c2)), c1), c0)
    return math.copysign(fma(select(small, a, p), -p, select(small, a, 1.0)), x)


def numpy_erf(np: Any, x: Any) -> Any:
    """By ``2 / sqrt(pi) * exp(-x**2) * x * (1 + 2 / 3 * x**2 * (1 + 2 / 5 * x**2 * (...)))``: nothing cancels.

    NumPy has none; in its long double, so that no rounding of it counts where that is wider.
    """
    wide = np.asarray(x).astype(np.longdouble)
    large = np.abs(wide) >= 7  # there it is 1, and the series long
    a = np.where(large, 0, np.abs(wide))
    twice = 2 * a * a
    greatest = float(np.fmax.reduce(twice, axis=None, initial=0))
    count, least = 1, greatest
    while least > 2.0**-70:
        count += 1
        least *= greatest / (2 * count + 1)
    series = np.ones_like(a)
    for k in range(count, 0, -1):
        series = 1 + twice / (2 * k + 1) * series
    head = np.rint(a * 1024) / 1024  # its square is exact
    constant = np.longdouble("1.1283791670955125738961589031215451717")  # 2 / sqrt(pi)
    y = constant * np.exp(-head * head) * np.exp((head - a) * (head + a)) * (a * series)
    return np.copysign(np.where(large, 1, y), wide).astype(x.dtype)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1,
    compute_bound=True,
    numpy=numpy_erf,
    aliases=("math.erf",),
    cases=Cases(
        slope=lambda mp, x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (6.0, 1.0), (-1e300, -1.0)),
        seams=(0.192, 0.576, 0.96, 1.344, 1.728, 5.568, 5.9215871957945, 5.94),
    ),
)
def erf(x: Any) -> Any:
    """Error function of each element: the integral of ``2 / sqrt(pi) * exp(-t**2)`` over t from 0 to ``x``.

    Special cases: erf(inf) is 1, zeros and NaN stay what they are.

    Accuracy: ``erf(-x)`` is ``-erf(x)``.

    >>> import aotops as ao
    >>> ao.erf(ao.tensor([-0.0, 1.0]))
    tensor([-0.        ,  0.84270079])
    """
    return erf64(x)


erf.specialise("float32")(erf32)


def bell(x: Any) -> Any:
    """``2 / sqrt(pi) * exp(-x**2)``, the square in two parts: half a ULP of 700 is 400 ULP of its exponential."""
    a = math.fabs(x)
    a = select(a > 28.0, 28.0, a)
    square = a * a
    return 1.1283791670955126 * (math.exp(-square) * (1.0 - fma(a, a, -square)))


@erf.derivative
def erf_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, bell(x))


@erf.specialise_derivative("float32")
@in_float64
def erf_derivative32(x: Any, y: Any, g: Any) -> Any:
    wide = widen(x)
    return chained(widen(g), 1.1283791670955126 * math.exp(-wide * wide))  # the square is exact


# --- erfc ---------------------------------------------------------------------------------------------------------


# From 1/2 on, erfc(a) is exp(-a**2) / (1 + 2 * a) times a number between 1.1 and 1.3, by a polynomial in
# (a - 15/4) / (a + 15/4), with which 1/2 to 27 becomes -13/17 to 0.76 (M. M. Shepherd and J. G. Laframboise 1981).


# tools/fit_polynomial.py "(1+7.5*(1+x)/(1-x)) * exp((3.75*(1+x)/(1-x))**2) * erfc(3.75*(1+x)/(1-x))"
#     --from=-13/17 --to=0.76 --degree=22
def tail_polynomial64(q: Any) -> Any:
    """``(1 + 2 * a) * exp(a**2) * erfc(a)`` of ``q = (a - 15/4) / (a + 15/4)``, for ``a`` from 1/2 on: within 2^-61.

    In two parts.
    """
    q2 = q * q
    q4 = q2 * q2
    q8 = q4 * q4
    p12 = fma(q, 0.0035854154854637354, -0.14024059858554702)
    p34 = fma(q, -0.10880393014171158, 0.08227673849015037)
    p56 = fma(q, -0.05869339859040582, 0.0923043211602297)
    p78 = fma(q, -0.009746579550078712, 0.02836227742083407)
    p9 = fma(q, 0.00029371361958980695, 0.0017556258405858926)
    p11 = fma(q, 5.1649250955172766e-05, -0.00029015403873141395)
    p13 = fma(q, -1.1444399477786067e-05, 2.2384189115496962e-05)
    p15 = fma(q, 1.7516508512782503e-06, -9.736954490283604e-07)
    p17 = fma(q, -2.578697828745173e-07, -5.657564072781498e-08)
    p19 = fma(q, 3.713003049966789e-08, 2.2160424585192264e-08)
    p21 = fma(q, -3.880559546804568e-09, -2.822978536009075e-09)
    high = fma(q8, fma(q4, p21, fma(q2, p19, p17)), fma(q4, fma(q2, p15, p13), fma(q2, p11, p9)))
    rest = fma(q8, high, fma(q4, fma(q2, p78, p56), fma(q2, p34, p12)))
    p = fma(q, rest, 1.2375126308378275)
    # and what the constant coefficient lacks, nearly half a ULP
    return p, fma(q, rest, 1.2375126308378275 - p) + 1.0546160249725448e-16


def tail64(a: Any, a_low: Any, square: Any, low: Any) -> Any:
    """``y, y_low, k`` of ``a`` from 1/2 to 40: ``erfc(a)`` is ``(y + y_low) * 2**floor(k)``.

    The argument and its square are given in two parts. Quotient, exponential and their product have two parts each.
    """
    p, p_low = tail_polynomial64((a - 3.75) / (a + 3.75))
    below = fma(2.0, a, 1.0)
    below_low = fma(2.0, a, 1.0 - below) + 2.0 * a_low
    inverse = 1.0 / below
    quotient = p * inverse
    quotient_low = inverse * (fma(-quotient, below_low, fma(-quotient, below, p)) + p_low)
    k, t, u, v = exp_parts64(-square)
    e = fma(u, v, t)
    e_low = fma(u, v, t - e) - e * low
    y = e * quotient
    return y, fma(e, quotient, -y) + fma(e, quotient_low, e_low * quotient), k


# tools/fit_polynomial.py "erf(sqrt(x))/sqrt(x) - 1" --from=0 --to=1/4 --degree=8 --weight="sqrt(x)"
def erf_polynomial64(z: Any) -> Any:
    """``erf(x) / x - 1`` of ``z = x**2`` up to 1/4: erf within 2^-59."""
    z2 = z * z
    p01 = fma(z, -0.3761263890318278, 0.12837916709551253)
    p23 = fma(z, -0.026866170623197152, 0.11283791670886781)
    p45 = fma(z, -0.0008548287991857198, 0.005223977243891295)
    p67 = fma(z, -1.4836245658554744e-05, 0.00012052914803807844)
    return fma(z2, fma(z2, fma(z2, fma(z2, 1.4635509257141286e-06, p67), p45), p23), p01)


#: Smaller numbers are nothing beside 1, and their squares subnormal.
NOTHING = 8.673617379884035e-19  # 2^-60
#: In place of numbers whose tails are below the subnormal ones. AVX-512 takes as long to scale to 0 as to a subnormal
#: number, and functions ten times as long, unless the exponent is out of all bounds.
FAR, FAR_32 = 300.0, 60.0


def erfc64(x: Any) -> Any:
    """erfc in float64: ``1 - erf(x)`` within 1/2, then by its tail, which below 0 is subtracted from 2."""
    a = math.fabs(x)
    a = select(a > 27.25, FAR, a)
    near = select(a < NOTHING, 0.0, select(a > 0.5, 0.5, math.copysign(a, x)))
    total = 1.0 - near
    small = total + fma(-near, erf_polynomial64(near * near), (1.0 - total) - near)
    far = select(a < 0.5, 0.5, a)
    square = far * far
    y, y_low, k = tail64(far, 0.0, square, fma(far, far, -square))
    y = scale(y + y_low, k)
    return select(a < 0.5, small, select(x < 0.0, 2.0 - y, y))


# --- erfc and gelu in float32: polynomials by table, and the bell curve -------------------------------------------

#: ln 2 in two parts, the first of 9 bits: multiples of it by sixteenths up to 160 are exact.
LN2_FIRST, LN2_REST = 0.693359375, -0.00021219444005469057


def bell_of(share: float) -> Any:
    """Make ``k, root, u``: ``exp(-share * m**2)`` is ``root * (1 + u) * 2**floor(k)`` in float32; 0 of ``FAR_32``."""
    steps = share * -LOG2_E

    def bell(m: Any) -> Any:
        # the bits of a sum between 2**19 and 2**20 end with sixteenths
        shifted = narrow(fma(m * m, steps, 786432.0))  # plain Python computes in float64
        k = shifted - 786432.0
        i = bits_of_float32(shifted)
        r = fma(-k, LN2_REST, fma(m * -share, m, k * -LN2_FIRST))
        u = fma(r * r, fma(r, 0.1666666716337204, 0.5), r + look_up16_float32(ROOT_SHARES_32, i))
        return k, look_up16_float32(ROOTS_32, i), u

    return bell


#: The middle of each interval, and its coefficients from the constant one up: `tools/fit_by_table.py erfc` fits
#: ``exp(a**2) * erfc(a)`` on the quarters of the octaves of ``1 + sqrt(2) * a``, within 2^-26.4.
SCALED_ERFC = (
    (0.8838978, 0.46151617, -0.31251293, 0.18528697, -0.09915444, 0.04879328, -0.02265029, 0.010330953),
    (1.2374505, 0.37046045, -0.21152624, 0.108706675, -0.051336378, 0.022633838, -0.0094314, 0.0027470351),
    (1.5909865, 0.30730444, -0.15054473, 0.06778985, -0.02846078, 0.011249193, -0.0042552734, 0.0016253721),
    (1.9445312, 0.26145086, -0.11158047, 0.04447915, -0.016726045, 0.005977505, -0.0020534636, 0.0006647958),
    (2.474861, 0.21269128, -0.07561652, 0.025550926, -0.008253484, 0.002561139, -0.0007799971, 0.00022488307),
    (3.1820002, 0.16960582, -0.04900767, 0.01366344, -0.0036868523, 0.0009650997, -0.00024946773, 6.406762e-05),
    (3.88906, 0.14068632, -0.034104098, 0.008053442, -0.0018557834, 0.0004179988, -9.3085844e-05, 1.9868878e-05),
    (4.59614, 0.120032705, -0.025004955, 0.0051064123, -0.0010233463, 0.00020200241, -3.9295974e-05, 4.5246375e-06),
    (5.656838, 0.09824537, -0.016862929, 0.0028545472, -0.00047674112, 7.860625e-05, -1.3106023e-05, 2.1274914e-06),
    (7.071083, 0.07901322, -0.01096107, 0.0015065913, -0.00020521093, 2.7708433e-05, -3.7681425e-06, 5.020531e-07),
    (8.485172, 0.06603878, -0.0076783197, 0.0008869143, -0.00010178467, 1.1617834e-05, -1.3317668e-06, 1.365827e-07),
    (9.899566, 0.05670492, -0.00567101, 0.0005643841, -5.5896464e-05, 5.512941e-06, -5.4557194e-07, 4.9057626e-08),
    (0.08839979, 0.90757537, -0.96792024, 0.82201046, -0.59683305, 0.3849482, -0.22597943, 0.09429914),
    (0.2651574, 0.7592144, -0.7257565, 0.56677526, -0.38364512, 0.23232853, -0.12935711, 0.082970746),
    (0.4419539, 0.64670557, -0.5567511, 0.40064695, -0.25312135, 0.14449276, -0.07595989, 0.028221726),
    (0.6187189, 0.5595409, -0.43598205, 0.28979084, -0.17112118, 0.09186652, -0.04585946, 0.029004535),
)

scaled_erfc_by_table = by_table(SCALED_ERFC)
bell_of_one = bell_of(1.0)


def erfc32(x: Any) -> Any:
    """erfc in float32: ``exp(-a**2)`` times what is left, by table; below 0 that is subtracted from 2.

    The product of the root of 2 and the constant coefficient has two parts; all else is small and added to the second
    one. In float64, by a quotient, it took 2.5 times as long.
    """
    a = math.fabs(x)
    m = select(a < NOTHING, NOTHING, select(a > 10.0625, FAR_32, a))
    t, constant, slope = scaled_erfc_by_table(m, bits_of_float32(narrow(fma(m, 1.4142135381698608, 1.0))) >> 21)
    rest = t * slope
    k, root, u = bell_of_one(m)
    y = root * constant
    y_low = fma(root, rest, fma(root, constant, -y))
    tail = scale(y + fma(y + y_low, u, y_low), k)
    return select(x < 0.0, 2.0 - tail, tail)


def numpy_erfc(np: Any, x: Any) -> Any:
    """By a continued fraction from 2 on, else ``1 - erf(x)``, in NumPy's long double."""
    wide = np.asarray(x).astype(np.longdouble)
    a = np.minimum(np.maximum(np.abs(wide), 2), 110)
    fraction = a
    for k in range(200, 0, -1):
        fraction = a + np.longdouble(k) / 2 / fraction
    head = np.rint(a * 1024) / 1024  # its square is exact
    far = np.exp(-head * head) * np.exp((head - a) * (head + a)) / fraction / np.sqrt(np.arctan(np.longdouble(1)) * 4)
    near = 1 - numpy_erf(np, np.clip(wide, -3, 3))
    return np.where(np.abs(wide) < 2, near, np.where(wide < 0, 2 - far, far)).astype(x.dtype)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1.5,
    compute_bound=True,
    numpy=numpy_erfc,
    aliases=("math.erfc",),
    cases=Cases(
        exact=lambda mp, x: mp.erfc(min(max(x, -100), 100)),
        slope=lambda mp, x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
        special=((0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (30.0, 0.0), (-1e300, 2.0)),
        seams=(0.5, -0.5, 26.543258454250982, 27.226017111108366, -5.9215871957945),
    ),
)
def erfc(x: Any) -> Any:
    """Complementary error function of each element, ``1 - erf(x)``, precise also where that is small.

    Special cases: erfc(inf) is 0, erfc(-inf) is 2, NaN stays NaN. Underflow goes through the subnormal numbers to 0.

    >>> import aotops as ao
    >>> ao.erfc(ao.tensor([0.0, 10.0]))
    tensor([1.00000000e+00, 2.08848758e-45])
    """
    return erfc64(x)


erfc.specialise("float32")(erfc32)


@erfc.derivative
def erfc_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(-g, bell(x))


@erfc.specialise_derivative("float32")
@in_float64
def erfc_derivative32(x: Any, y: Any, g: Any) -> Any:
    wide = widen(x)
    return chained(-widen(g), 1.1283791670955126 * math.exp(-wide * wide))
