# SPDX-License-Identifier: Apache-2.0
"""What I-BERT's modules of the package transformers give, as hashes: prints ibert_vectors.hpp.

python3 tests/support/ibert_vectors.py > tests/support/ibert_vectors.hpp

Needs torch (CPU), numpy and transformers. Inputs: rows of codes made by a formula that ibert_test.cpp has too. A module
is given x = code * scale and divides by the scale again, in float32: rows (single codes for GELU) whose quotients are
not whole any more are left out, and the test leaves out the same ones. The integers inside are taken where the module
floors them, since its results have been multiplied by a scale.
"""

import numpy as np
import torch
import transformers
from transformers.models.ibert import quant_modules as ibert

# Name, width of the codes, scale, elements of a row. Short scales keep code * scale exact; the long ones do not.
SOFTMAX = [(8, 1 / 16, 2), (8, 1 / 16, 197), (8, 0.1, 16), (8, 0.0472, 17), (8, 1 / 128, 64), (8, 1 / 4, 197),
           (16, 181 / 2**18, 64), (16, 1 / 1024, 197), (16, 3 / 4096, 5),
           (8, 2839 / 2**18, 64)]  # between .6931 / 64 and ln 2 / 64
GELU = [(8, 1 / 16), (8, 0.0314), (8, 5 / 64), (16, 1 / 4096), (16, 181 / 2**20), (16, 1 / 8192)]
NORM = [(8, 64, 0), (16, 192, 0), (16, 768, 0), (16, 768, 3), (16, 5, 0), (12, 256, 1)]
# Scales in and out, bits out, bits in.
MUL = [(1 / 3, 0.7, 8, 9), (0.001, 0.03, 8, 12), (1.0, 1.0, 16, 17), (0.5, 0.25, 16, 15), (1e-5, 3.3e-4, 16, 20),
       (7e-4, 1.1e-3, 24, 24), (1.0, 64.0, 8, 13)]
ROWS = 64


def mixed(x):
    """A bijection on 64 bits that spreads every bit (the finalizer of SplitMix64)."""
    x = np.asarray(x).astype(np.uint64)
    x = x ^ (x >> np.uint64(30))
    x = x * np.uint64(0xBF58476D1CE4E5B9)
    x = x ^ (x >> np.uint64(27))
    x = x * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def codes(seed, rows, n, bits):
    """Rows of falling spread, every eighth of them negative throughout."""
    h = mixed(np.arange(rows * n, dtype=np.uint64) + np.uint64(seed << 32)).reshape(rows, n)
    v = (h >> np.uint64(33)).astype(np.int64) % 2**bits - 2 ** (bits - 1)
    v = v >> (np.arange(rows) % 4)[:, None]
    return np.where((np.arange(rows) % 8 == 7)[:, None] & (v >= 0), ~v, v)


def hashed(values):
    v = np.asarray(values).astype(np.int64).ravel()
    with np.errstate(over="ignore"):
        spread = v.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.arange(v.size, dtype=np.uint64)
    return int(mixed(spread).sum(dtype=np.uint64))


class Recorder:
    """Stands for the modules' floor_ste and keeps what it gave."""

    kept = []

    @staticmethod
    def apply(x):
        Recorder.kept.append(torch.floor(x))
        return Recorder.kept[-1]


ibert.floor_ste = Recorder


def tensors(q, scale):
    s = torch.tensor([scale], dtype=torch.float32)
    x = torch.from_numpy(q.astype(np.float32)) * s
    return x, s, (x / s).numpy() == q


def exponentials(bits, scale):
    """What IntSoftmax adds up, of every code below 0, times 2^24: the step to 16 bits and back leaves fractions."""
    x, s, whole = tensors(-np.arange(2**bits), scale)
    module = ibert.IntSoftmax(8, quant_mode=True)
    kept = []
    module.act.register_forward_hook(lambda m, inputs, output: kept.append(output[0] / output[1]))
    module.train()
    module(x[None], s)
    module.eval()
    module(x[None], s)
    y = kept[-1].numpy().ravel().astype(np.float64) * 2**24
    return hashed(y[whole]), int(whole.sum())


def softmax(seed, bits, scale, n):
    q = codes(seed, ROWS, n, bits)
    x, s, whole = tensors(q, scale)
    module = ibert.IntSoftmax(8, quant_mode=True)
    module.train()
    module(x, s)  # sets the range of the 16-bit step: every row's maximum gives the same largest exponential
    module.eval()
    y = (module(x, s)[0] * 2**8).numpy().reshape(q.shape)
    keep = whole.all(axis=1)
    return hashed(y[keep]), int(keep.sum())


def gelu(bits, scale):
    q = np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    x, s, whole = tensors(q, scale)
    module = ibert.IntGELU()
    Recorder.kept.clear()
    module(x, s)
    erf_scale = module.int_erf(x / s, s / module.k)[1]
    y = ((x / s) * (Recorder.kept[0] + 1.0 // erf_scale)).numpy()
    return hashed(y[whole]), int(whole.sum())


def norm(seed, bits, n, shift):
    q = codes(seed, ROWS, n, bits)
    x, s, whole = tensors(q, 1 / 1024)
    module = ibert.IntLayerNorm(n, 1e-5, quant_mode=True)
    h = mixed(np.arange(n, dtype=np.uint64) + np.uint64((seed + 100) << 32))
    module.weight.data = torch.from_numpy(((h % np.uint64(1000)).astype(np.float32) + 1) / np.float32(512))
    offset = ((h >> np.uint64(32)) % np.uint64(1000)).astype(np.float32) / np.float32(256) - np.float32(2)
    module.bias.data = torch.from_numpy(offset)
    module.shift = torch.tensor([float(shift)])
    module.eval()
    Recorder.kept.clear()
    module(x[None], s)
    y = (Recorder.kept[3] + Recorder.kept[4])[0].detach().numpy()
    assert whole.all() and np.isfinite(y).all()
    return hashed(y), ROWS


def mul(seed, in_scale, out_scale, bits, in_bits):
    z = codes(seed, 1, 4096, in_bits)[0]
    pre = torch.from_numpy(z.astype(np.float32))
    a, b = torch.tensor([in_scale]), torch.tensor([out_scale])
    whole = (torch.round(pre * a / a) == pre).numpy()
    y = ibert.FixedPointMul.apply((pre * a)[None, :, None], a, bits, b).numpy().ravel()
    return hashed(y[whole]), int(whole.sum())


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    versions = f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"
    print(f"// Printed by ibert_vectors.py with {versions}: hashes of what I-BERT's modules give.")
    print("#pragma once\n\n#include <cstdint>\n\nnamespace reference {\n")
    print("struct ibert_case {\n    int bits;\n    float scale;\n    int n;      ///< elements of a row")
    print("    int shift;  ///< of a layer norm\n    int kept;   ///< rows, or codes, that were whole")
    print("    std::uint64_t hash;\n};")

    def table(name, rows):
        print(f"inline constexpr ibert_case {name}[]{{")
        for bits, scale, n, shift, (h, kept) in rows:
            print(f"    {{{bits}, {np.float32(scale).item().hex()}f, {n}, {shift}, {kept}, 0x{h:016x}}},")
        print("};")

    with torch.no_grad():
        table("ibert_softmax", [(b, s, n, 0, softmax(i, b, s, n)) for i, (b, s, n) in enumerate(SOFTMAX)])
        table("ibert_exp", [(b, s, 1, 0, exponentials(b, s)) for b, s in [(8, 1 / 16), (12, 1 / 512), (8, 2839 / 2**18)]])
        table("ibert_gelu", [(b, s, 1, 0, gelu(b, s)) for b, s in GELU])
        table("ibert_norm", [(b, 1 / 1024, n, k, norm(i + 20, b, n, k)) for i, (b, n, k) in enumerate(NORM)])
        print("struct fixedpoint_case {\n    float in_scale;\n    float out_scale;\n    int bits;\n    int in_bits;")
        print("    int kept;\n    std::uint64_t hash;\n};\ninline constexpr fixedpoint_case fixedpoint_cases[]{")
        for i, (a, b, bits, in_bits) in enumerate(MUL):
            h, kept = mul(i + 40, a, b, bits, in_bits)
            scales = f"{np.float32(a).item().hex()}f, {np.float32(b).item().hex()}f"
            print(f"    {{{scales}, {bits}, {in_bits}, {kept}, 0x{h:016x}}},")
        print("};")
    print("\n}  // namespace reference")


main()
