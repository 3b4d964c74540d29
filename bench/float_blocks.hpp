// SPDX-License-Identifier: Apache-2.0
// ViT-S blocks in float32, the peers of block_bench: matrix products by OpenBLAS or oneDNN, everything else by loops
// over vectors of 64 bytes. float_blocks.cpp is compiled with -O3 -march=native, so that nothing holds the peers back.
// One block, x being tokens x width, weights out x in as nn's layers read them:
//     h = layer_norm(x);  q, k, v = h W_qkv^T + b;  x += softmax(q k^T / 8) v W_proj^T + b
//     h = layer_norm(x);  x += gelu(h W_fc1^T + b) W_fc2^T + b          gelu: the tanh form
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <time.h>

namespace bench {

inline constexpr std::ptrdiff_t tokens = 197;
inline constexpr std::ptrdiff_t width = 384;
inline constexpr std::ptrdiff_t heads = 6;
inline constexpr std::ptrdiff_t head_width = width / heads;
inline constexpr std::ptrdiff_t hidden = 1536;
inline constexpr int depth = 12;
inline constexpr double norm_epsilon = 1e-6;

struct parameter {
    std::ptrdiff_t rows;
    std::ptrdiff_t columns;
    std::vector<float> values;
};
/// "blocks.3.attn.qkv.weight" and so on, of all blocks.
using parameters = std::map<std::string, parameter>;

enum class step { norms, qkv, scores, softmax, mixture, projection, first, gelu, second, residuals };
inline constexpr std::size_t steps = 10;
inline constexpr std::array<const char*, steps> step_names{"LayerNorm",  "QKV",   "QK^T", "softmax", "PV",
                                                           "projection", "MLP 1", "GELU", "MLP 2",   "residual"};

/// Seconds that this thread has computed: what others do meanwhile does not count.
[[nodiscard]] inline double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Seconds of each step: what went by since the last one ended.
class step_times {
public:
    void start() { last_ = thread_seconds(); }
    void end(step s) {
        const double now = thread_seconds();
        seconds[static_cast<std::size_t>(s)] += now - last_;
        last_ = now;
    }
    std::array<double, steps> seconds{};

private:
    double last_ = 0;
};

/// All blocks in turn.
class float_blocks {
public:
    virtual ~float_blocks() = default;
    /// x is replaced by the blocks' output.
    virtual void run(float* x, step_times& times) = 0;
};

enum class peer { openblas, onednn_sgemm, onednn_matmul };
/// Null where the peer is not installed. One thread.
[[nodiscard]] std::unique_ptr<float_blocks> make_float_blocks(peer p, const parameters& all);

}  // namespace bench
