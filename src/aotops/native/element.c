/* Elements: converting Python numbers to values of a dtype, and back. In Python:
 *
 *     def is_number(object): ...              # a Python number: it adopts the dtype of the tensors beside it
 *     def element_of(number, dtype): ...      # OverflowError if the dtype cannot hold it
 *     def number_of(element, dtype): ...      # bool, int, float or complex
 *
 * Dtypes are the rows of aotops.abi. The code distinguishes their kinds, never single dtypes.
 */
#include "native.h"

#include <string.h>

bool aot_is_number(PyObject *object)
{
    if (PyFloat_CheckExact(object) || PyLong_CheckExact(object)) {
        return true;
    }
    bool known = PyFloat_Check(object) || PyLong_Check(object) || PyComplex_Check(object); /* bool is an int */
    return known && !PyObject_CheckBuffer(object);
}

int aot_number_category(PyObject *number)
{
    return PyFloat_Check(number)     ? AOT_CATEGORY_FLOAT
           : PyBool_Check(number)    ? AOT_CATEGORY_BOOL
           : PyComplex_Check(number) ? AOT_CATEGORY_COMPLEX
                                     : AOT_CATEGORY_INTEGER;
}

static bool fits_signed(long long value, int bytes)
{
    return bytes == 8 || (value >= -(1LL << (8 * bytes - 1)) && value < 1LL << (8 * bytes - 1));
}

static bool fits_unsigned(unsigned long long value, int bytes)
{
    return bytes == 8 || value < 1ULL << (8 * bytes);
}

/* Reads a number for a signed integer dtype, rounding a float towards zero; sets *fits to whether the dtype holds
 * it. */
static long long read_signed(PyObject *number, int bytes, bool *fits)
{
    int overflow = 0;
    long long value = 0;
    if (PyFloat_Check(number)) { /* a NaN fails both comparisons */
        double real = PyFloat_AsDouble(number);
        overflow = !(real >= -9223372036854775808.0 && real < 9223372036854775808.0);
        value = overflow ? 0 : (long long)real;
    } else {
        value = PyLong_AsLongLongAndOverflow(number, &overflow);
    }
    *fits = overflow == 0 && fits_signed(value, bytes);
    return value;
}

/* The same for an unsigned dtype. */
static unsigned long long read_unsigned(PyObject *number, int bytes, bool *fits)
{
    unsigned long long value = 0;
    if (PyFloat_Check(number)) {
        double real = PyFloat_AsDouble(number);
        *fits = real > -1.0 && real < 18446744073709551616.0;
        value = *fits ? (unsigned long long)real : 0;
    } else {
        int overflow = 0;
        long long small = PyLong_AsLongLongAndOverflow(number, &overflow);
        *fits = overflow == 0 ? small >= 0 : overflow > 0;
        value = (unsigned long long)small;
        if (overflow > 0) {
            value = PyLong_AsUnsignedLongLong(number);
            if (PyErr_Occurred()) {
                PyErr_Clear();
                *fits = false;
            }
        }
    }
    *fits = *fits && fits_unsigned(value, bytes);
    return value;
}

bool aot_number_fits(PyObject *number, int dtype)
{
    bool fits = true;
    const aot_dtype_info *info = &aot_dtypes[dtype];
    if (PyFloat_Check(number) || PyComplex_Check(number) || info->kind == AOT_KIND_BOOL) {
        return true;
    }
    if (info->kind == AOT_KIND_UNSIGNED) {
        read_unsigned(number, info->itemsize, &fits);
    } else { /* float and complex dtypes accept what int64 holds; the operator decides on longer ints */
        read_signed(number, info->kind == AOT_KIND_SIGNED ? info->itemsize : 8, &fits);
    }
    return fits;
}

static int cannot_fit(PyObject *number, int dtype, const char *function, const char *argument)
{
    aot_raise("cannot_fit", "(sssO)", function, argument, aot_dtypes[dtype].name, number);
    return -1;
}

/* Reads a number as the nearest double. */
static int read_real(PyObject *number, int dtype, double *value, const char *function, const char *argument)
{
    *value = PyFloat_AsDouble(number);
    if (*value == -1.0 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
            PyErr_Clear();
            cannot_fit(number, dtype, function, argument);
        }
        return -1;
    }
    return 0;
}

#define STORE_BOOL(CODE, member, ...)                                                                                  \
    case CODE: {                                                                                                       \
        int truth = PyObject_IsTrue(number);                                                                           \
        element->member = truth > 0;                                                                                   \
        return truth < 0 ? -1 : 0;                                                                                     \
    }
#define STORE_INTEGER(read, CODE, member, type)                                                                        \
    case CODE: {                                                                                                       \
        bool fits;                                                                                                     \
        element->member = (type)read(number, aot_dtypes[CODE].itemsize, &fits);                                        \
        return PyErr_Occurred() ? -1 : fits ? 0 : cannot_fit(number, dtype, function, argument);                       \
    }
#define STORE_SIGNED(CODE, member, name, ...) STORE_INTEGER(read_signed, CODE, member, name##_t)
#define STORE_UNSIGNED(CODE, member, name, ...) STORE_INTEGER(read_unsigned, CODE, member, name##_t)
#define STORE_REAL(CODE, member, name, ...)                                                                            \
    case CODE: {                                                                                                       \
        double value;                                                                                                  \
        if (read_real(number, dtype, &value, function, argument) < 0) {                                                \
            return -1;                                                                                                 \
        }                                                                                                              \
        element->member = aot_##name##_of_real(value);                                                                 \
        return 0;                                                                                                      \
    }

/* Reads the parts of a number as the nearest doubles. */
static int read_complex(PyObject *number, int dtype, double *real, double *imaginary, const char *function,
                        const char *argument)
{
    if (!PyComplex_Check(number)) {
        *imaginary = 0.0;
        return read_real(number, dtype, real, function, argument);
    }
    *real = PyComplex_RealAsDouble(number);
    *imaginary = PyComplex_ImagAsDouble(number);
    return 0;
}

#define STORE_COMPLEX(CODE, member, ...)                                                                               \
    case CODE: {                                                                                                       \
        double real, imaginary;                                                                                        \
        if (read_complex(number, dtype, &real, &imaginary, function, argument) < 0) {                                  \
            return -1;                                                                                                 \
        }                                                                                                              \
        aot_write_part(&element->member.real, sizeof element->member.real, real);                                      \
        aot_write_part(&element->member.imaginary, sizeof element->member.imaginary, imaginary);                       \
        return 0;                                                                                                      \
    }

int aot_element_of(PyObject *number, int dtype, aot_element *element, const char *function, const char *argument)
{
    *element = (aot_element){{0}};
    int kind = aot_dtypes[dtype].kind;
    if (PyComplex_Check(number) && kind != AOT_KIND_COMPLEX && kind != AOT_KIND_BOOL) {
        aot_raise("complex_number", "(sssO)", function, argument, aot_dtypes[dtype].name, number);
        return -1;
    }
    switch (dtype) {
        AOT_EACH_BOOL(STORE_BOOL)
        AOT_EACH_SIGNED(STORE_SIGNED)
        AOT_EACH_UNSIGNED(STORE_UNSIGNED)
        AOT_EACH_REAL(STORE_REAL)
        AOT_EACH_COMPLEX(STORE_COMPLEX)
    default:
        PyErr_SetString(PyExc_SystemError, "Python has no number for this dtype");
        return -1;
    }
}

#define LOAD_BOOL(CODE, member, ...)                                                                                   \
    case CODE:                                                                                                         \
        return PyBool_FromLong(element.member);
#define LOAD_SIGNED(CODE, member, ...)                                                                                 \
    case CODE:                                                                                                         \
        return PyLong_FromLongLong(element.member);
#define LOAD_UNSIGNED(CODE, member, ...)                                                                               \
    case CODE:                                                                                                         \
        return PyLong_FromUnsignedLongLong(element.member);
#define LOAD_REAL(CODE, member, name, ...)                                                                             \
    case CODE:                                                                                                         \
        return PyFloat_FromDouble(aot_real_of_##name(element.member));

#define LOAD_COMPLEX(CODE, member, ...)                                                                                \
    case CODE:                                                                                                         \
        return PyComplex_FromDoubles(aot_read_part(&element.member.real, sizeof element.member.real),                  \
                                     aot_read_part(&element.member.imaginary, sizeof element.member.imaginary));

PyObject *aot_number_of(const char *data, int dtype)
{
    aot_element element;
    memcpy(&element, data, aot_dtypes[dtype].itemsize);
    switch (dtype) {
        AOT_EACH_BOOL(LOAD_BOOL)
        AOT_EACH_SIGNED(LOAD_SIGNED)
        AOT_EACH_UNSIGNED(LOAD_UNSIGNED)
        AOT_EACH_REAL(LOAD_REAL)
        AOT_EACH_COMPLEX(LOAD_COMPLEX)
    default:
        PyErr_SetString(PyExc_SystemError, "Python has no number for this dtype");
        return NULL;
    }
}
