// SPDX-License-Identifier: Apache-2.0
// float_blocks.hpp. e^x = 2^n 2^f, n = round(x log2 e), 2^f by a polynomial of degree 5 (relative error below 3e-7).
#include "float_blocks.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#if DYAD_BENCH_OPENBLAS
#include <cblas.h>
extern "C" void openblas_set_num_threads(int threads);
#endif
#if DYAD_BENCH_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace bench {
namespace {

// --- vectors ---

using floats [[gnu::vector_size(64)]] = float;
using words [[gnu::vector_size(64)]] = std::int32_t;
constexpr std::ptrdiff_t lanes = 16;
/// Columns of a head's scores: whole vectors.
constexpr std::ptrdiff_t score_columns = (tokens + lanes - 1) / lanes * lanes;
static_assert(width % lanes == 0 && hidden % lanes == 0);

inline floats load(const float* p) {
    floats v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
inline void store(float* p, floats v) { std::memcpy(p, &v, sizeof v); }
inline floats all(float x) { return x - floats{}; }
inline floats larger(floats a, floats b) { return a > b ? a : b; }

/// The lanes joined by f, as a tree.
template <class F>
inline float join(floats v, F f) {
    v = f(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    v = f(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    v = f(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    v = f(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return v[0];
}
inline float total(floats v) {
    return join(v, [](floats a, floats b) { return a + b; });
}

/// 2^t for t <= 127; 2^-120 below that.
inline floats power_of_two(floats t) {
    t = larger(t, all(-120.0f));
    const floats magic = all(0x1.8p23f);
    const floats shifted = t + magic;
    const floats f = t - (shifted - magic);
    floats p = all(1.3398874e-3f);
    p = p * f + 9.6184373e-3f;
    p = p * f + 5.5503324e-2f;
    p = p * f + 2.4022648e-1f;
    p = p * f + 6.9314720e-1f;
    p = p * f + 1.0f;
    words bits;
    words n;
    std::memcpy(&bits, &p, sizeof bits);
    std::memcpy(&n, &shifted, sizeof n);
    bits += n << 23;
    std::memcpy(&p, &bits, sizeof p);
    return p;
}

constexpr float log2_e = 1.44269504f;

/// Rows of scores to shares: softmax(scale * scores).
void softmax(float* scores, std::ptrdiff_t rows, float scale) {
    for (; rows > 0; --rows, scores += score_columns) {
        for (std::ptrdiff_t j = tokens; j < score_columns; ++j) scores[j] = -std::numeric_limits<float>::infinity();
        floats most = load(scores);
        for (std::ptrdiff_t j = lanes; j < score_columns; j += lanes) most = larger(most, load(scores + j));
        const floats factor = all(scale * log2_e);
        const floats least = factor * join(most, larger);
        floats sum{};
        for (std::ptrdiff_t j = 0; j < score_columns; j += lanes) {
            const floats e = power_of_two(load(scores + j) * factor - least);
            store(scores + j, e);
            sum += e;
        }
        const floats inverse = all(1.0f / total(sum));
        for (std::ptrdiff_t j = 0; j < score_columns; j += lanes) store(scores + j, load(scores + j) * inverse);
    }
}

/// gelu(x + bias) = v / (1 + e^-2u), v = x + bias, u = sqrt(2 / pi) (v + 0.044715 v^3).
void gelu(float* x, const float* bias) {
    constexpr float c = -2 * 0.79788456f * log2_e;
    for (std::ptrdiff_t i = 0; i < tokens; ++i, x += hidden) {
        for (std::ptrdiff_t j = 0; j < hidden; j += lanes) {
            const floats v = load(x + j) + load(bias + j);
            const floats w = v * (v * v * (c * 0.044715f) + c);
            store(x + j, v / (power_of_two(w < 126.0f ? w : all(126.0f)) + 1.0f));
        }
    }
}

void layer_norm(const float* x, const float* gain, const float* offset, float* out) {
    for (std::ptrdiff_t i = 0; i < tokens; ++i, x += width, out += width) {
        floats a{};
        floats b{};
        for (std::ptrdiff_t j = 0; j < width; j += 2 * lanes) a += load(x + j), b += load(x + j + lanes);
        const floats mean = all(total(a + b) / static_cast<float>(width));
        a = floats{}, b = floats{};
        for (std::ptrdiff_t j = 0; j < width; j += 2 * lanes) {
            const floats u = load(x + j) - mean;
            const floats v = load(x + j + lanes) - mean;
            a += u * u, b += v * v;
        }
        const float variance = total(a + b) / static_cast<float>(width);
        const floats factor = all(1.0f / std::sqrt(variance + static_cast<float>(norm_epsilon)));
        for (std::ptrdiff_t j = 0; j < width; j += lanes) {
            store(out + j, (load(x + j) - mean) * factor * load(gain + j) + load(offset + j));
        }
    }
}

/// x += y + bias.
void add(float* x, const float* y, const float* bias) {
    for (std::ptrdiff_t i = 0; i < tokens; ++i, x += width, y += width) {
        for (std::ptrdiff_t j = 0; j < width; j += lanes) {
            store(x + j, load(x + j) + (load(y + j) + load(bias + j)));
        }
    }
}
void add_bias(float* x, std::ptrdiff_t columns, const float* bias) {
    for (std::ptrdiff_t i = 0; i < tokens; ++i, x += columns) {
        for (std::ptrdiff_t j = 0; j < columns; j += lanes) store(x + j, load(x + j) + load(bias + j));
    }
}

// --- memory ---

/// Floats from a page's border on.
class buffer {
public:
    explicit buffer(std::ptrdiff_t n)
        : memory_(static_cast<float*>(
                      std::aligned_alloc(4096, (static_cast<std::size_t>(n) * sizeof(float) + 4095) / 4096 * 4096)),
                  std::free) {
        std::memset(memory_.get(), 0, static_cast<std::size_t>(n) * sizeof(float));
    }
    [[nodiscard]] float* data() const { return memory_.get(); }

private:
    std::unique_ptr<float, void (*)(void*)> memory_;
};

buffer vector_of(const parameters& all, const std::string& name) {
    const parameter& p = all.at(name);
    buffer b(p.columns);
    std::memcpy(b.data(), p.values.data(), p.values.size() * sizeof(float));
    return b;
}
/// in x out, as a product's second operand.
buffer transposed(const parameters& all, const std::string& name) {
    const parameter& p = all.at(name);
    buffer b(p.rows * p.columns);
    for (std::ptrdiff_t i = 0; i < p.rows; ++i) {
        for (std::ptrdiff_t j = 0; j < p.columns; ++j) {
            b.data()[j * p.rows + i] = p.values[static_cast<std::size_t>(i * p.columns + j)];
        }
    }
    return b;
}

struct dense {
    buffer weights;
    buffer bias;
    dense(const parameters& all, const std::string& name)
        : weights(transposed(all, name + ".weight")), bias(vector_of(all, name + ".bias")) {}
};
struct norm {
    buffer gain;
    buffer offset;
    norm(const parameters& all, const std::string& name)
        : gain(vector_of(all, name + ".weight")), offset(vector_of(all, name + ".bias")) {}
    void run(const float* x, float* out) const { layer_norm(x, gain.data(), offset.data(), out); }
};
struct block {
    norm norm1;
    dense qkv;
    dense projection;
    norm norm2;
    dense first;
    dense second;
    block(const parameters& all, const std::string& name)
        : norm1(all, name + ".ln1"),
          qkv(all, name + ".attn.qkv"),
          projection(all, name + ".attn.proj"),
          norm2(all, name + ".ln2"),
          first(all, name + ".mlp.fc1"),
          second(all, name + ".mlp.fc2") {}
};
/// Tensors between the steps; all blocks use the same.
struct tensors {
    buffer normalized{tokens * width};
    buffer qkv{tokens * 3 * width};
    buffer scores{heads * tokens * score_columns};
    buffer mixture{tokens * width};
    buffer branch{tokens * width};
    buffer hidden_values{tokens * hidden};
};
constexpr float score_scale = 0.125f;
static_assert(head_width == 64);

// --- products of matrices in rows ---

struct matrix {
    float* data;
    std::ptrdiff_t stride;
};
enum class order { rows, columns };

/// c = a b, m x n, sums of length k; b's order: k x n in rows, or n x k in rows.
using sgemm = void (*)(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, matrix a, matrix b, order b_order,
                       matrix c);

#if DYAD_BENCH_OPENBLAS
void openblas_product(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, matrix a, matrix b, order b_order,
                      matrix c) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, b_order == order::rows ? CblasNoTrans : CblasTrans, static_cast<int>(m),
                static_cast<int>(n), static_cast<int>(k), 1.0f, a.data, static_cast<int>(a.stride), b.data,
                static_cast<int>(b.stride), 0.0f, c.data, static_cast<int>(c.stride));
}
#endif
#if DYAD_BENCH_ONEDNN
void onednn_product(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, matrix a, matrix b, order b_order, matrix c) {
    dnnl::sgemm('N', b_order == order::rows ? 'N' : 'T', m, n, k, 1.0f, a.data, a.stride, b.data, b.stride, 0.0f,
                c.data, c.stride);
}
#endif

/// Blocks whose products are calls of an sgemm. Biases are added where the next step reads.
class sgemm_blocks final : public float_blocks {
public:
    sgemm_blocks(sgemm product, const parameters& all) : product_(product) {
        for (int i = 0; i < depth; ++i) blocks_.emplace_back(all, "blocks." + std::to_string(i));
    }
    void run(float* x, step_times& times) override {
        times.start();
        for (const block& b : blocks_) run(b, x, times);
    }

private:
    void run(const block& b, float* x, step_times& times) {
        b.norm1.run(x, t_.normalized.data());
        times.end(step::norms);
        multiply(t_.normalized.data(), width, b.qkv, 3 * width, t_.qkv.data());
        add_bias(t_.qkv.data(), 3 * width, b.qkv.bias.data());
        times.end(step::qkv);
        attend(times);
        multiply(t_.mixture.data(), width, b.projection, width, t_.branch.data());
        times.end(step::projection);
        add(x, t_.branch.data(), b.projection.bias.data());
        times.end(step::residuals);
        b.norm2.run(x, t_.normalized.data());
        times.end(step::norms);
        multiply(t_.normalized.data(), width, b.first, hidden, t_.hidden_values.data());
        times.end(step::first);
        gelu(t_.hidden_values.data(), b.first.bias.data());
        times.end(step::gelu);
        multiply(t_.hidden_values.data(), hidden, b.second, width, t_.branch.data());
        times.end(step::second);
        add(x, t_.branch.data(), b.second.bias.data());
        times.end(step::residuals);
    }
    void multiply(float* a, std::ptrdiff_t k, const dense& d, std::ptrdiff_t n, float* c) {
        product_(tokens, n, k, {a, k}, {d.weights.data(), n}, order::rows, {c, n});
    }
    /// One head after the other: its scores stay in the caches.
    void attend(step_times& times) {
        for (std::ptrdiff_t h = 0; h < heads; ++h) {
            float* const q = t_.qkv.data() + h * head_width;
            float* const scores = t_.scores.data();
            product_(tokens, tokens, head_width, {q, 3 * width}, {q + width, 3 * width}, order::columns,
                     {scores, score_columns});
            times.end(step::scores);
            softmax(scores, tokens, score_scale);
            times.end(step::softmax);
            product_(tokens, head_width, tokens, {scores, score_columns}, {q + 2 * width, 3 * width}, order::rows,
                     {t_.mixture.data() + h * head_width, width});
            times.end(step::mixture);
        }
    }

    sgemm product_;
    std::vector<block> blocks_;
    tensors t_;
};

#if DYAD_BENCH_ONEDNN
enum class after { nothing, gelu, sum };

/// A matmul primitive and its operands.
class onednn_matmul {
public:
    using desc = dnnl::memory::desc;
    using tag = dnnl::memory::format_tag;
    static constexpr auto f32 = dnnl::memory::data_type::f32;

    /// Of all heads at once.
    onednn_matmul(const desc& a, float* a_data, const desc& b, float* b_data, const desc& c, float* c_data)
        : product_(dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, c), engine())) {
        memory_ = {{DNNL_ARG_SRC, dnnl::memory(a, engine(), a_data)},
                   {DNNL_ARG_WEIGHTS, dnnl::memory(b, engine(), b_data)},
                   {DNNL_ARG_DST, dnnl::memory(c, engine(), c_data)}};
    }
    /// c = a weights + bias, then what is said; weights packed as the primitive likes them.
    onednn_matmul(std::ptrdiff_t k, std::ptrdiff_t n, float* a, const dense& d, after what, float* c) {
        dnnl::post_ops then;
        if (what == after::gelu) then.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0.0f, 0.0f);
        if (what == after::sum) then.append_sum();
        dnnl::primitive_attr attributes;
        attributes.set_post_ops(then);
        const desc from({tokens, k}, f32, tag::ab);
        const desc to({tokens, n}, f32, tag::ab);
        const desc bias({1, n}, f32, tag::ab);
        const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(from, desc({k, n}, f32, tag::any), bias, to),
                                                       attributes, engine());
        const dnnl::memory weights(description.weights_desc(), engine());
        dnnl::memory rows(desc({k, n}, f32, tag::ab), engine(), d.weights.data());
        dnnl::memory packed = weights;
        dnnl::reorder(rows, packed).execute(stream(), rows, packed);
        stream().wait();
        product_ = dnnl::matmul(description);
        memory_ = {{DNNL_ARG_SRC, dnnl::memory(from, engine(), a)},
                   {DNNL_ARG_WEIGHTS, weights},
                   {DNNL_ARG_BIAS, dnnl::memory(bias, engine(), d.bias.data())},
                   {DNNL_ARG_DST, dnnl::memory(to, engine(), c)}};
    }
    void operator()() const {
        product_.execute(stream(), memory_);
        stream().wait();
    }
    void operator()(float* c) {
        memory_.at(DNNL_ARG_DST).set_data_handle(c);
        (*this)();
    }

private:
    static dnnl::engine& engine() {
        static dnnl::engine e(dnnl::engine::kind::cpu, 0);
        return e;
    }
    static dnnl::stream& stream() {
        static dnnl::stream s(engine());
        return s;
    }
    dnnl::matmul product_;
    std::unordered_map<int, dnnl::memory> memory_;
};

/// Blocks of matmul primitives that add the biases, compute GELU and sum the residuals as well.
class matmul_blocks final : public float_blocks {
public:
    explicit matmul_blocks(const parameters& all) {
        for (int i = 0; i < depth; ++i) {
            const std::string name = "blocks." + std::to_string(i);
            layers_.push_back({norm(all, name + ".ln1"),
                               norm(all, name + ".ln2"),
                               dense(all, name + ".attn.qkv"),
                               dense(all, name + ".attn.proj"),
                               dense(all, name + ".mlp.fc1"),
                               dense(all, name + ".mlp.fc2"),
                               {}});
            layer& l = layers_.back();
            l.products.emplace_back(width, 3 * width, t_.normalized.data(), l.qkv, after::nothing, t_.qkv.data());
            l.products.emplace_back(width, width, t_.mixture.data(), l.projection, after::sum, t_.branch.data());
            l.products.emplace_back(width, hidden, t_.normalized.data(), l.first, after::gelu, t_.hidden_values.data());
            l.products.emplace_back(hidden, width, t_.hidden_values.data(), l.second, after::sum, t_.branch.data());
        }
        using desc = dnnl::memory::desc;
        constexpr auto f32 = dnnl::memory::data_type::f32;
        const desc q({heads, tokens, head_width}, f32, dnnl::memory::dims{head_width, 3 * width, 1});
        const desc k({heads, head_width, tokens}, f32, dnnl::memory::dims{head_width, 1, 3 * width});
        const desc scores({heads, tokens, tokens}, f32, dnnl::memory::dims{tokens * score_columns, score_columns, 1});
        const desc mixture({heads, tokens, head_width}, f32, dnnl::memory::dims{head_width, width, 1});
        scores_.emplace_back(q, t_.qkv.data(), k, t_.qkv.data() + width, scores, t_.scores.data());
        mixture_.emplace_back(scores, t_.scores.data(), q, t_.qkv.data() + 2 * width, mixture, t_.mixture.data());
    }
    void run(float* x, step_times& times) override {
        times.start();
        for (layer& l : layers_) run(l, x, times);
    }

private:
    struct layer {
        norm norm1;
        norm norm2;
        dense qkv;
        dense projection;
        dense first;
        dense second;
        std::vector<onednn_matmul> products;
    };

    void run(layer& l, float* x, step_times& times) {
        l.norm1.run(x, t_.normalized.data());
        times.end(step::norms);
        l.products[0]();
        times.end(step::qkv);
        scores_[0]();
        times.end(step::scores);
        softmax(t_.scores.data(), heads * tokens, score_scale);
        times.end(step::softmax);
        mixture_[0]();
        times.end(step::mixture);
        l.products[1](x);
        times.end(step::projection);
        l.norm2.run(x, t_.normalized.data());
        times.end(step::norms);
        l.products[2]();
        times.end(step::first);
        l.products[3](x);
        times.end(step::second);
    }

    tensors t_;
    std::vector<layer> layers_;
    std::vector<onednn_matmul> scores_;
    std::vector<onednn_matmul> mixture_;
};
#endif

}  // namespace

std::unique_ptr<float_blocks> make_float_blocks(peer p, [[maybe_unused]] const parameters& all) {
#if DYAD_BENCH_OPENBLAS
    if (p == peer::openblas) {
        openblas_set_num_threads(1);
        return std::make_unique<sgemm_blocks>(&openblas_product, all);
    }
#endif
#if DYAD_BENCH_ONEDNN
    if (p == peer::onednn_sgemm) return std::make_unique<sgemm_blocks>(&onednn_product, all);
    if (p == peer::onednn_matmul) return std::make_unique<matmul_blocks>(all);
#endif
    static_cast<void>(p);
    return nullptr;
}

}  // namespace bench
