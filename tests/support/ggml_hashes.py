# SPDX-License-Identifier: Apache-2.0
"""What GGUF's blocks hold, as hashes: prints ggml_hashes.hpp. Needs numpy and gguf (its quants module).

python3 tests/support/ggml_hashes.py > tests/support/ggml_hashes.hpp

Inputs: 4096 blocks of 32 floats of each of three kinds, made by a formula that ggml_test.cpp has too. random: signs,
digits and zeros, magnitudes over 12 binades below a largest one that differs from block to block, every 16th block
zeros, subnormal numbers where the largest is small; ties: multiples of half a step (a quarter for MXFP4) of a block
whose first number is the largest code; edges: a first number 1 to 64 floats below a power of two.
Left out, as the results are not defined: scales whose inverse or whose float16 overflows, MXFP4 below 2^-125, and zeros
with a sign in blocks of zeros (gguf and ggml differ).
"""

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

BLOCKS = 4096
# Name, largest biased exponent and smallest, half the number of steps of the ties, the step's exponent.
KINDS = [("Q8_0", 7, 144, 254, -1), ("Q4_0", 7, 144, 16, -1), ("MXFP4", 3, 253, 24, -2)]


def mixed(x):
    """A bijection on 64 bits that spreads every bit (the finalizer of SplitMix64)."""
    x = x.astype(np.uint64)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def random_blocks(low, high):
    h = mixed(np.arange(BLOCKS * 32)).reshape(BLOCKS, 32)
    top = np.uint64(low) + mixed(np.arange(BLOCKS) + 1000000) % np.uint64(high - low + 1)
    below = (h >> np.uint64(24)) % np.uint64(12)
    below[:, 0] = 0
    biased = np.where(top[:, None] > below, top[:, None] - below, np.uint64(0))
    bits = (h >> np.uint64(63) << np.uint64(31)) | (biased << np.uint64(23)) | (h & np.uint64(0x7FFFFF))
    bits = np.where((h >> np.uint64(40)) % np.uint64(7) == 0, bits & np.uint64(1 << 31), bits)
    bits[:, 0] = (h[:, 0] >> np.uint64(63) << np.uint64(31)) | (top << np.uint64(23)) | (h[:, 0] & np.uint64(0x7FFFFF))
    bits[::16] = 0
    return bits.astype(np.uint32).view(np.float32)


def tie_blocks(steps, exponent):
    h = mixed(np.arange(BLOCKS * 32) + 2000000).reshape(BLOCKS, 32)
    k = (h % np.uint64(2 * steps + 1)).astype(np.int64) - steps
    k[:, 0] = -steps
    p = np.arange(BLOCKS) % 100 - 90 + exponent
    return np.ldexp(k.astype(np.float32), p[:, None].astype(np.int32)).astype(np.float32)


def edge_blocks(low, high):
    x = random_blocks(low, high)
    b = np.arange(BLOCKS, dtype=np.uint64)
    biased = np.uint64(low + 1) + b // np.uint64(64) * np.uint64((high - low) // 64) + np.uint64(1)
    first = (biased << np.uint64(23)) - b % np.uint64(64) - np.uint64(1)
    bits = x.view(np.uint32).copy()
    # The rest is at most half as large.
    others = (bits & np.uint32(0x807FFFFF)) | ((biased - np.uint64(2)).astype(np.uint32) << np.uint32(23))[:, None]
    bits = np.where(bits & np.uint32(0x7FFFFFFF) == 0, bits, others)
    bits[:, 0] = first.astype(np.uint32)
    return bits.view(np.float32)


def hash_of(words):
    words = words.ravel().astype(np.uint64)
    index = np.arange(words.size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return int(np.sum(mixed(words + index), dtype=np.uint64))


def inputs(low, high, steps, exponent):
    return {
        "random": random_blocks(low, high),
        "ties": tie_blocks(steps, exponent),
        "edges": edge_blocks(low, high),
    }


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Printed by ggml_hashes.py with gguf 0.19.0: bytes of blocks, and floats of them, as hashes.")
    print("#pragma once\n\n#include <cstdint>\n\nnamespace reference {\n")
    print("struct ggml_row {\n    const char* blocks;\n    const char* inputs;\n    std::uint64_t of_inputs;")
    print("    std::uint64_t of_bytes;\n    std::uint64_t of_floats;\n};")
    print("inline constexpr ggml_row ggml_rows[]{")
    for name, low, high, steps, exponent in KINDS:
        kind = gguf.GGMLQuantizationType[name]
        for what, x in inputs(low, high, steps, exponent).items():
            with np.errstate(all="ignore"):
                data = quantize(x, kind)
                floats = dequantize(data, kind)
            hashes = [hash_of(x.view(np.uint32)), hash_of(data), hash_of(floats.astype(np.float32).view(np.uint32))]
            print(f'    {{"{name}", "{what}", ' + ", ".join(f"{h:#018x}" for h in hashes) + "},")
    print("};\n\n}  // namespace reference")


if __name__ == "__main__":
    main()
