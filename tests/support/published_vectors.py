# SPDX-License-Identifier: Apache-2.0
"""I-ViT, FQ-ViT, IntAttention, Softermax and I-BERT's paper in plain numpy: prints published_vectors.hpp.

python3 tests/support/published_vectors.py > tests/support/published_vectors.hpp

No package has these functions. The formulas of the papers and of their codes are written here as those run them: on
arrays of float32 where the code is PyTorch's (numpy rounds as it does), on arrays of int32 that wrap where it is TVM's,
on Python's integers and fractions where there is only a paper. Sums of float32 integers are taken in float64, where
they are exact, and rounded once. Inputs: the rows of ibert_vectors.py.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np

F = np.float32
ROWS = 64
# Width of the codes, scale, elements of a row.
SHIFTMAX = [(8, 1 / 16, 1), (8, 1 / 16, 2), (8, 1 / 16, 197), (8, 1 / 4, 16), (8, 0.1, 197), (8, 0.0472, 65),
            (8, 1 / 128, 197), (16, 181 / 2**18, 64), (16, 1 / 1024, 197), (16, 0.0003, 5), (8, 2.5, 17)]
SHIFTGELU = [(8, 1 / 16, 64), (8, 4 / 127, 192), (8, 8 / 127, 192), (8, 10 / 127, 64), (8, 1 / 4, 32), (8, 1 / 512, 64),
             (16, 1 / 4096, 64), (16, 0.0007, 64)]
NORM = [(8, 64), (16, 192), (16, 768), (3, 192), (2, 7), (6, 384)]
# Rows whose root depends on the rounding of single squares to 24 digits.
NORM_ROWS = [[3726, -5883, -1170], [-3449, 20853, 7594, 10252], [13032, 9547, -2728, -1000, 1952],
             [9463, 943, 15838, -6473, -2189, 7882]]
INDEX = [(20, 0.01, 64), (22, 0.0007, 197), (14, 0.05, 17), (24, 1 / 65536, 64)]
LOG = [(8, 1 / 16, 197), (8, 0.1, 16), (16, 1 / 1024, 197), (8, 1 / 128, 65)]
SOFTER = [(8, 16, 197), (8, 1, 64), (6, 16, 768), (4, 4, 2000), (8, 64, 3)]
PAPER_GELU = [(8, 1 / 16), (8, 0.0472), (16, 1 / 4096)]
RATIOS = [1.0, 0.5, 1 / 3, 0.7, 1e-7, 123.456, 1 - 2.0**-33, 1 - 2.0**-32, 1 - 2.0**-31, 2 - 2.0**-40, 0.1 + 2.0**-50]
PAPER = [(8, 1 / 16, 197), (8, 0.1, 16), (16, 1 / 1024, 64), (8, 1 / 128, 65)]


def mixed(x):
    x = np.asarray(x).astype(np.uint64)
    x = x ^ (x >> np.uint64(30))
    x = x * np.uint64(0xBF58476D1CE4E5B9)
    x = x ^ (x >> np.uint64(27))
    x = x * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def codes(seed, rows, n, bits):
    h = mixed(np.arange(rows * n, dtype=np.uint64) + np.uint64(seed << 32)).reshape(rows, n)
    v = (h >> np.uint64(33)).astype(np.int64) % 2**bits - 2 ** (bits - 1)
    v = v >> (np.arange(rows) % 4)[:, None]
    return np.where((np.arange(rows) % 8 == 7)[:, None] & (v >= 0), ~v, v)


def hashed(values):
    v = np.asarray(values).astype(np.int64).ravel()
    spread = v.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.arange(v.size, dtype=np.uint64)
    return int(mixed(spread).sum(dtype=np.uint64))


def exact_sum(x):
    """Along the rows: without rounding (int64 and float64 both hold it), then one."""
    return x.astype(np.float64).sum(axis=-1, keepdims=True).astype(F)


# --- I-ViT, PyTorch's arithmetic: float32 throughout, a number over a tensor is the reciprocal times the number ---


def over(number, x):
    return (F(1) / x).astype(F) * F(number)


def shift_exp(x, s, n):
    x = x.astype(F)
    x = x + np.floor(x / F(2)) - np.floor(x / F(16))
    x0 = np.floor(over(-1.0, s))
    x = np.maximum(x, F(n) * x0)
    q = np.floor(x / x0)
    r = x - x0 * q
    with np.errstate(over="ignore"):
        return np.maximum(np.floor((r / F(2) - x0) * np.exp2(F(n) - q).astype(F)), F(0))


def divided(e, total, bits):
    f = np.floor(over(2.0**31 - 1, np.minimum(total, F(2.0**31 - 1))))
    return np.floor(e * f / F(2.0 ** (32 - bits)))


def shiftmax(q, s, bits):
    e = shift_exp(q - q.max(axis=-1, keepdims=True), s, 15)
    return divided(e, exact_sum(e), bits)


def shift_gelu(q, s):
    wide = F(s) * F(1.702)
    top = q.max(axis=-1, keepdims=True)
    e = shift_exp(q - top, wide, 23)
    with np.errstate(over="ignore"):
        return q.astype(F) * divided(e, e + shift_exp(-top, wide, 23), 8)


def layer_norm(q, bias):
    x = q.astype(F)
    y = x - np.rint(exact_sum(x) / F(x.shape[-1]))
    v = exact_sum(y * y)
    k = np.full_like(v, F(2.0**16))
    for _ in range(10):
        k = np.floor((k + np.floor(v / k)) / F(2))
    return np.floor(y * np.floor(over(2.0**31 - 1, k)) / F(2)) + bias


# --- I-ViT, TVM's arithmetic: int32 that wraps, quotients cut off, no shift beyond 31 ---


def cut_quotient(x, y):
    x, y = np.broadcast_arrays(np.asarray(x, np.int64), np.asarray(y, np.int64))
    safe = np.where(y == 0, 1, y)
    quotient = np.sign(x) * np.sign(safe) * (np.abs(x) // np.abs(safe))
    return np.where(y == 0, 0, quotient).astype(np.int32)


def tvm_exp(x, s, n):
    x = x.astype(np.int32)
    x = x + (x >> 1) - (x >> 4)
    x0 = np.int32(np.array(-1.0 / np.float64(s) - 1))
    x = np.maximum(x, np.int32(n) * x0)
    q = cut_quotient(x, x0)
    r = x - q * x0
    left = np.int32(n) - q
    return np.where(left > 31, 0, ((r >> 1) - x0) << np.minimum(left, 31)).astype(np.int32)


def tvm_softmax(q, s):
    e = tvm_exp(q - q.max(axis=-1, keepdims=True), s, 16)
    total = e.sum(axis=-1, keepdims=True, dtype=np.int32)
    return ((cut_quotient(2**31 - 1, total) * e) >> 24).astype(np.int8)


def tvm_gelu(q, s):
    top = q.max(axis=-1, keepdims=True)
    e = tvm_exp(q - top, np.float64(s) * 1.702, 23)
    total = e + tvm_exp(-top, np.float64(s) * 1.702, 23)
    return q.astype(np.int32) * ((cut_quotient(2**31 - 1, total) * e) >> 24)


def tvm_norm(q, bias):
    x = q.astype(np.int32)
    y = x - cut_quotient(x.sum(axis=-1, keepdims=True, dtype=np.int32), x.shape[-1])
    v = (y * y).astype(np.uint32).sum(axis=-1, keepdims=True, dtype=np.uint32)
    k = np.full_like(v, 2**16)
    for _ in range(10):
        k = (k + v // k) // np.uint32(2)
    z = (cut_quotient(2**31 - 1, k) * y).astype(np.int32)
    return cut_quotient(z, 2) + bias.astype(np.int64).astype(np.int32)


# --- the others ---


def log_softmax(q, s, bits=4):
    """FQ-ViT: i-exp of I-BERT's code, float32."""
    x = (q - q.max(axis=-1, keepdims=True)).astype(F)
    b, c = np.floor(over(0.96963238 / 0.35815147, s)), np.floor(over(1 / 0.35815147, s * s))
    x0 = np.floor(over(-0.6931, s))
    x = np.maximum(x, F(30) * x0)
    k = np.floor(x / x0)
    r = x - x0 * k
    e = np.maximum(np.floor(((r + b) * r + c) * np.exp2(F(30) - k).astype(F)), F(0))
    total = np.array([[F(float(sum(int(v) for v in row)))] for row in e], dtype=F)
    with np.errstate(divide="ignore"):
        inverse = np.rint(total / e)
        log = np.floor(np.log2(inverse))
    with np.errstate(invalid="ignore", over="ignore"):
        log = np.where(inverse - np.exp2(log) >= np.exp2(log - 1), log + 1, log)
    return np.where(log >= 2**bits, 2**bits, np.clip(log, 0, 2**bits - 1))


def index_softmax(q, threshold):
    table = np.rint(np.exp(np.arange(32) * (-6.6 / 31)) * 255).astype(np.int32)
    table[0], table[-1] = 255, 0
    d = np.minimum((q.max(axis=-1, keepdims=True) - q).astype(np.int32), np.int32(threshold))
    e = table[((d * np.int32(31)).astype(F) / F(threshold)).astype(np.int32)]
    return np.rint(e.astype(F) * F(255) / e.sum(axis=-1, keepdims=True).astype(F))


def softermax(row, slice_):
    """Exactly, in fractions that are cut where the words end."""
    power = [Fraction(round(2**15 * 2 ** (-k / 4)), 2**15) for k in range(4)]

    def unnormed(x, m):
        below = 4 * m - int(x)
        return Fraction(math.floor(power[below % 4] / 2 ** (below // 4) * 2**15), 2**15)

    def cut(x, fraction):
        return Fraction(math.floor(x * 2**fraction), 2**fraction)

    top, total = -32, Fraction(0)
    for first in range(0, len(row), slice_):
        part = row[first : first + slice_]
        m = max(-(-int(x) // 4) for x in part)
        now = max(top, m)
        local = cut(sum(unnormed(x, m) for x in part) / 2 ** (now - m), 15)
        total = min(cut(total / 2 ** (now - top), 6) + cut(local, 6), Fraction(2**16 - 1, 64))
        top = now
    k = math.floor(math.log2(total))
    inverse = Fraction(math.floor(2**k / total * 128 + Fraction(1, 2)), 128) / Fraction(2) ** k
    return [min(int(cut(unnormed(x, top) * inverse, 7) * 128), 128) for x in row]


def paper_exp(x, s):
    """I-BERT's paper, in Python's integers; ln 2 to 30 digits."""
    s = Fraction(float(F(s)))
    ln2 = Fraction("0.693147180559945309417232121458")
    q_ln2, q_b = math.floor(ln2 / s), math.floor(Fraction("1.353") / s)
    q_c = math.floor(Fraction("0.344") / (Fraction("0.3585") * s * s))
    z = -x // q_ln2
    return ((x + z * q_ln2 + q_b) ** 2 + q_c) >> z


def paper_softmax(row, s, bits=8):
    e = [paper_exp(int(x) - int(max(row)), s) for x in row]
    return [(v << bits) // sum(e) for v in e]


def paper_gelu(x, s):
    square = Fraction(float(F(s))) ** 2 / 2
    b = -math.isqrt(math.floor(Fraction("1.769") ** 2 / square))  # floor of the negative quotient, which is not whole
    b -= 1
    c = math.floor(1 / (Fraction("-0.2888") * square))
    sign = (x > 0) - (x < 0)
    return x * (sign * ((min(abs(x), -b) + b) ** 2 + c) + c)


def paper_norm(row):
    n = len(row)
    mean = round(Fraction(int(row.sum()), n))
    y = [int(v) - mean for v in row]
    v = sum(t * t for t in y)
    f = 2**31 // math.isqrt(v) if v else 0
    return [t * f // 2 for t in y]


def ratio(x):
    m, e = np.frexp(np.float64(x))
    return int(Decimal(float(m) * 2**31).quantize(Decimal(1), rounding=ROUND_HALF_UP)), 31 - int(e)


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Printed by published_vectors.py: hashes of what the published formulas give, in numpy's words.")
    print("#pragma once\n\n#include <cstdint>\n\nnamespace reference {\n")
    print("struct published_case {\n    int bits;\n    float scale;\n    int n;  ///< elements of a row\n"
          "    int extra;\n    std::uint64_t hash;\n};")

    def table(name, rows):
        print(f"inline constexpr published_case {name}[]{{")
        for bits, scale, n, extra, h in rows:
            print(f"    {{{bits}, {F(scale).item().hex()}f, {n}, {extra}, 0x{h:016x}}},")
        print("};")

    def norm_bias(seed, n):
        h = mixed(np.arange(n, dtype=np.uint64) + np.uint64((seed + 100) << 32))
        weight = ((h % np.uint64(1000)).astype(F) + F(1)) / F(512)
        offset = ((h >> np.uint64(32)) % np.uint64(1000)).astype(F) / F(256) - F(2)
        return np.floor(offset / weight / (np.sqrt(F(n)) / F(2.0**30)))

    with np.errstate(over="ignore"):
        def rows_of(cases, first, function, count=ROWS):
            """(width, scale, elements, seed, hash) of function(codes, scale) on the rows of each case."""
            for i, (b, s, n) in enumerate(cases):
                yield b, s, n, i + first, hashed(function(codes(i + first, count, n, b), s))

        def norms(function, limit):
            for i, (b, n) in enumerate(NORM):
                bias = norm_bias(i + 40, n)
                bias = np.where(np.abs(bias) < limit, bias, F(0))
                yield b, 1, n, i + 40, hashed(function(codes(i + 40, ROWS, n, b), bias))

        table("ivit_softmax_16", rows_of(SHIFTMAX, 0, lambda q, s: shiftmax(q, F(s), 16)))
        table("ivit_softmax_8", rows_of(SHIFTMAX, 0, lambda q, s: shiftmax(q, F(s), 8)))
        table("ivit_softmax_tvm", rows_of(SHIFTMAX, 0, lambda q, s: tvm_softmax(q, F(s))))
        table("ivit_gelu", rows_of(SHIFTGELU, 20, lambda q, s: shift_gelu(q, F(s))))
        table("ivit_gelu_tvm", rows_of(SHIFTGELU, 20, lambda q, s: tvm_gelu(q, F(s))))
        table("ivit_norm", norms(layer_norm, np.inf))
        table("ivit_norm_tvm", norms(tvm_norm, 2**31))
        table("fqvit_log", rows_of(LOG, 60, lambda q, s: log_softmax(q, F(s))))
        rows = []
        for i, (b, s, n) in enumerate(INDEX):
            # The scale of Q, with that of K 1 / 8 and 1 / sqrt(64).
            threshold = int(over(6.6, F(s)) / F(0.125) / F(0.125))
            rows.append((b, s, n, threshold, hashed(index_softmax(codes(i + 70, ROWS, n, b), threshold))))
        table("index_softmax_rows", rows)
        table("softermax_rows", rows_of(SOFTER, 80, lambda q, k: [softermax(r, k) for r in q], 8))
        table("paper_softmax", rows_of(PAPER, 90, lambda q, s: [paper_softmax(r, s) for r in q], 8))
        rows = []
        for b, s in PAPER_GELU:
            rows.append((b, s, 1, 0, hashed([paper_gelu(x, s) for x in range(-(2 ** (b - 1)), 2 ** (b - 1))])))
        table("paper_gelu", rows)
        ones = [(b, 1, n) for b, n in NORM]
        table("paper_norm", rows_of(ones, 40, lambda q, _: [paper_norm(r) for r in q], 8))
    print("struct norm_row {\n    int n;\n    std::int32_t codes[6];\n    std::int32_t results[6];  ///< bias 0\n};")
    print("inline constexpr norm_row ivit_norm_rows[]{")
    for row in NORM_ROWS:
        result = layer_norm(np.array([row]), F(0))[0].astype(np.int64)
        print(f"    {{{len(row)}, {{{', '.join(map(str, row))}}}, {{{', '.join(map(str, result))}}}}},")
    print("};")
    print("struct ratio_case {\n    double ratio;\n    std::int64_t b;\n    int c;\n};")
    print("inline constexpr ratio_case ratio_cases[]{")
    for x in RATIOS:
        b, c = ratio(x)
        print(f"    {{{float(x).hex()}, {b}, {c}}},")
    print("};\n\n}  // namespace reference")


if __name__ == "__main__":
    main()
