# SPDX-License-Identifier: Apache-2.0
"""What ml_dtypes' astype gives, as hashes: prints ml_dtypes_hashes.hpp. Needs numpy and ml_dtypes.

python3 tests/support/ml_dtypes_hashes.py > tests/support/ml_dtypes_hashes.hpp

Inputs: every code of a source of at most 16 bits; 2^22 floats, the codes k = 0 ... 2^20 - 1 followed by 12 zeros, the
floats next to them, and the same with seeded digits below. Left out: into float8_e8m0fnu what lies between 2^-127 and
1.5 * 2^-127 (ml_dtypes gives the farther neighbour, 2^-126); into integers what is not finite or reaches 2^31 (the
result of a C++ cast that is undefined); NaN from bfloat16 into float (ml_dtypes shifts, and so keeps signalling ones).
"""

import sys

import ml_dtypes
import numpy as np

SMALL = [
    "float8_e5m2", "float8_e4m3fn", "float8_e4m3", "float8_e3m4", "float8_e4m3fnuz", "float8_e5m2fnuz",
    "float8_e4m3b11fnuz", "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn",
]
FLOATS = SMALL + ["bfloat16", "float16", "float"]
INTEGERS = ["int2", "int4", "uint2", "uint4"]
WIDTHS = {"float6_e2m3fn": 6, "float6_e3m2fn": 6, "float4_e2m1fn": 4, "bfloat16": 16, "float16": 16}


def dtype_of(name):
    numpy_types = {"float16": np.float16, "float": np.float32}
    return np.dtype(numpy_types.get(name) or getattr(ml_dtypes, name))


def mixed(x):
    """A bijection on 64 bits that spreads every bit (the finalizer of SplitMix64)."""
    x = x.astype(np.uint64)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def inputs(name):
    if name != "float":
        codes = np.arange(1 << WIDTHS.get(name, 8))
        return codes.astype(np.uint8 if WIDTHS.get(name, 8) <= 8 else np.uint16).view(dtype_of(name))
    k = np.arange(1 << 20, dtype=np.uint64)
    exact = (k << np.uint64(12)).astype(np.uint32)
    seeded = exact | (mixed(k) & np.uint64(0xFFF)).astype(np.uint32)
    return np.concatenate([exact, exact + np.uint32(1), exact - np.uint32(1), seeded]).view(np.float32)


def codes_of(values, name):
    if name in INTEGERS:
        return values.astype(np.int8).view(np.uint8) & np.uint8((1 << int(name[-1])) - 1)
    return values.view({1: np.uint8, 2: np.uint16, 4: np.uint32}[dtype_of(name).itemsize])


def kept(x, source, target):
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
    if target in INTEGERS:
        return np.isfinite(wide) & (np.abs(wide) < 2.0**31)
    if target == "float8_e8m0fnu":
        return ~((wide > 2.0**-127) & (wide < 1.5 * 2.0**-127))
    if (source, target) == ("bfloat16", "float"):
        return ~np.isnan(wide)
    return np.ones(x.shape, bool)


def hash_of(codes, keep):
    index = np.arange(codes.size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return int(np.sum(mixed(codes.astype(np.uint64) + index)[keep], dtype=np.uint64))


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Printed by ml_dtypes_hashes.py with ml_dtypes {ml_dtypes.__version__}: what its astype gives, as hashes.")
    print("#pragma once\n\n#include <cstdint>\n\nnamespace reference {\n")
    print("struct ml_dtypes_row {\n    const char* source;\n    const char* target;\n    std::uint64_t hash;\n};")
    print("inline constexpr ml_dtypes_row ml_dtypes_rows[]{")
    for source in FLOATS:
        x = inputs(source)
        for target in FLOATS + INTEGERS:
            if target == source or {source, target} <= {"float16", "float"}:
                continue
            with np.errstate(all="ignore"):
                keep = kept(x, source, target)
                try:
                    result = x[keep].astype(dtype_of(target))
                except TypeError:  # ml_dtypes has no such cast
                    continue
                codes = np.zeros(x.shape, np.uint32)
                codes[keep] = codes_of(result, target)
            print(f'    {{"{source}", "{target}", {hash_of(codes, keep):#018x}}},')
    print("};\n\n}  // namespace reference")


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
