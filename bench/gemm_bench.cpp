// SPDX-License-Identifier: Apache-2.0
// Matrix products: names are arithmetic/m x n x k, items are 2 m n k operations. Peers in the same binary where CMake
// found them: OpenBLAS (float), oneDNN (int8). One thread unless the name says two. rhs is constant and packed ahead,
// by oneDNN as well; lhs is packed within the time. Results are compared once before anything is timed.
// gemm_bench --cap=avx2|avx512: int8 with both sides limited to that; the program calls itself so, for oneDNN takes its
// limit once in a process.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array/thread_executor.hpp>
#include <dyad/linalg.hpp>
#include <dyad/number.hpp>

#if DYAD_BENCH_OPENBLAS
#include <cblas.h>
extern "C" void openblas_set_num_threads(int threads);
#endif
#if DYAD_BENCH_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

#include "amx_probe.hpp"
#include "one_thread.hpp"
#include "ratios.hpp"

namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::integer;

struct shape {
    index m;
    index n;
    index k;
    [[nodiscard]] std::string name() const {
        return std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
    }
    [[nodiscard]] std::int64_t operations() const { return 2 * m * n * k; }
};

std::vector<shape> layers() {
    std::vector<shape> all{{1024, 1024, 1024}};
    for (const index m : {128, 197, 512}) {
        for (const auto& [n, k] :
             std::vector<std::pair<index, index>>{{384, 384}, {1536, 384}, {384, 1536}, {768, 768}, {3072, 768}})
            all.push_back({m, n, k});
    }
    return all;
}
const std::vector<shape> some{{1024, 1024, 1024}, {128, 768, 768}, {512, 384, 1536}};

std::vector<bench::comparison> comparisons;
instruction_set cap = instruction_set::amx;

/// Numbers that an allocator would put anywhere, on a border of 64 bytes.
template <class T>
class aligned_vector {
public:
    explicit aligned_vector(std::size_t n) : size_(n), data_(static_cast<T*>(std::aligned_alloc(64, bytes()))) {
        std::memset(static_cast<void*>(data_), 0, bytes());
    }
    ~aligned_vector() { std::free(data_); }
    aligned_vector(const aligned_vector&) = delete;
    aligned_vector& operator=(const aligned_vector&) = delete;
    [[nodiscard]] T* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    [[nodiscard]] std::size_t bytes() const { return (size_ * sizeof(T) + 63) / 64 * 64 + 64; }
    std::size_t size_;
    T* data_;
};

/// Any finite numbers of a format; `digits` bounds integers, for peers whose sums saturate.
template <class T>
std::shared_ptr<aligned_vector<T>> numbers(index count, std::uint64_t id, int digits = 8) {
    auto x = std::make_shared<aligned_vector<T>>(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < x->size(); ++i) {
        const std::uint32_t bits = dyad::random_bits(7, id, i);
        if constexpr (std::same_as<T, float> || std::same_as<T, dyad::bfloat16>) {
            x->data()[i] = dyad::convert<T>(static_cast<float>(static_cast<std::int32_t>(bits)) * 0x1p-31F);
        } else if constexpr (std::same_as<T, integer<8>>) {
            x->data()[i] =
                integer<8>::from_raw(static_cast<std::int8_t>(static_cast<std::int8_t>(bits) >> (8 - digits)));
        } else {
            constexpr auto mask = dyad::low_mask<std::uint32_t>(T::width);
            const auto code = T::from_bits(static_cast<typename T::bits_type>(bits & mask));
            // NaN, infinities and what is close to them would only measure how they spread.
            const double value = dyad::convert<double>(code);
            x->data()[i] = std::isfinite(value) && std::fabs(value) < 1e4 ? code : dyad::convert<T>(1.0);
        }
    }
    return x;
}

void add(const std::string& name, shape s, std::function<void()> run) {
    benchmark::RegisterBenchmark((name + "/" + s.name()).c_str(), [s, run = std::move(run)](benchmark::State& state) {
        for (auto _ : state) {
            run();
            benchmark::ClobberMemory();
        }
        state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * s.operations());
    });
}
void compare(const std::string& work, const std::string& against, shape s, const std::string& group = {}) {
    comparisons.push_back({work + ", " + s.name(), against, work + "/" + s.name(), against + "/" + s.name(), group});
}
[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "gemm_bench: %s\n", what.c_str());
    std::exit(1);
}

/// A product whose rhs, k x n in rows, is packed ahead.
template <class A, class B, class Accumulator, dyad::product_rule Rule, class D, class Epilogue, class Executor>
std::function<void()> product(shape s, std::shared_ptr<aligned_vector<A>> lhs, std::shared_ptr<aligned_vector<B>> rhs,
                              std::shared_ptr<aligned_vector<D>> dst, Epilogue epilogue,
                              std::shared_ptr<Executor> execute) {
    using plan_type = dyad::gemm_plan<A, B, Accumulator, Rule>;
    plan_type plan;
    if (plan_type::make(s.m, s.k, s.n, {.cap = cap}, plan) != dyad::status::ok) fail("no plan for " + s.name());
    auto packed = std::make_shared<aligned_vector<std::byte>>(plan.packed_bytes());
    auto workspace = std::make_shared<aligned_vector<std::byte>>(plan.packed_workspace_bytes());
    const std::span<std::byte> panels(packed->data(), packed->size());
    const auto b = dyad::as_const(dyad::make_matrix(rhs->data(), s.k, s.n));
    if (plan.pack(b, panels) != dyad::status::ok) fail("cannot pack " + s.name());
    std::function<void()> run = [=] {
        const dyad::status done =
            plan.run(dyad::as_const(dyad::make_matrix(lhs->data(), s.m, s.k)),
                     dyad::packed_operand{{packed->data(), packed->size()}}, dyad::make_matrix(dst->data(), s.m, s.n),
                     epilogue, std::span<std::byte>(workspace->data(), workspace->size()), *execute);
        if (done != dyad::status::ok) fail(dyad::to_string(done));
    };
    run();
    return run;
}
/// The sums themselves, compared with the plain loop at a few places.
template <class A, class B, class Accumulator, dyad::product_rule Rule = dyad::product_rule::exact>
void add_sums(const std::string& name, shape s) {
    using sum = typename Accumulator::sum_type;
    const auto lhs = numbers<A>(s.m * s.k, 0);
    const auto rhs = numbers<B>(s.k * s.n, 1);
    auto dst = std::make_shared<aligned_vector<sum>>(static_cast<std::size_t>(s.m * s.n));
    auto run = product<A, B, Accumulator, Rule>(s, lhs, rhs, dst, dyad::keep_sum{}, std::make_shared<dyad::serial>());
    for (index i = 0; i < s.m; i += 37) {
        const index j = i * 31 % s.n;
        const sum expected =
            dyad::plain_sum<A, B, Accumulator, Rule>(dyad::as_const(dyad::make_matrix(lhs->data(), s.m, s.k)),
                                                     dyad::as_const(dyad::make_matrix(rhs->data(), s.k, s.n)), i, j);
        if (std::memcmp(&dst->data()[i * s.n + j], &expected, sizeof expected) != 0) fail(name + " is wrong");
    }
    add(name, s, std::move(run));
}

// --- int8 beside oneDNN ---

#if DYAD_BENCH_ONEDNN
class onednn_product {
public:
    using type = dnnl::memory::data_type;
    onednn_product(shape s, type out, void* lhs, void* rhs, void* dst, float scale) {
        using tag = dnnl::memory::format_tag;
        const dnnl::memory::desc a({s.m, s.k}, type::s8, tag::ab);
        const dnnl::memory::desc rows({s.k, s.n}, type::s8, tag::ab);
        const dnnl::memory::desc any({s.k, s.n}, type::s8, tag::any);
        const dnnl::memory::desc c({s.m, s.n}, out, tag::ab);
        dnnl::primitive_attr attributes;
        if (scale != 0) attributes.set_output_scales(0, {scale});
        const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, any, c), attributes, engine());
        const dnnl::memory weights(description.weights_desc(), engine());
        dnnl::memory from(rows, engine(), rhs);
        dnnl::memory to = weights;
        dnnl::reorder(from, to).execute(stream(), from, to);
        stream().wait();
        product_ = dnnl::matmul(description);
        memory_ = {{DNNL_ARG_SRC, dnnl::memory(a, engine(), lhs)},
                   {DNNL_ARG_WEIGHTS, weights},
                   {DNNL_ARG_DST, dnnl::memory(c, engine(), dst)}};
    }
    void operator()() const {
        product_.execute(stream(), memory_);
        stream().wait();
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

template <class T>
void expect_equal(const std::string& what, const aligned_vector<T>& x, const aligned_vector<T>& y) {
    if (std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) != 0) fail(what + ": differs from oneDNN");
}
#endif

/// int8 to int8 by one float factor, which oneDNN has as well, by a 31-bit multiplier, and to int32. `digits`: 7 where
/// oneDNN's sums of pairs saturate.
void add_int8(shape s, int digits, const std::string& label) {
    using code = integer<8>;
    using sums = dyad::proven<std::int32_t>;
    const auto lhs = numbers<code>(s.m * s.k, 0, digits);
    const auto rhs = numbers<code>(s.k * s.n, 1, digits);
    const auto serial = std::make_shared<dyad::serial>();
    const auto size = static_cast<std::size_t>(s.m * s.n);
    static const float factor = 0x1p-10F;
    static const dyad::multiplier ratio = dyad::multiplier::from_ratio(1, 1024);
    static const std::int32_t no_bias = 0;
    const auto codes = std::make_shared<aligned_vector<code>>(size);
    const auto dyadic_codes = std::make_shared<aligned_vector<code>>(size);
    const auto words = std::make_shared<aligned_vector<std::int32_t>>(size);
    constexpr auto exact = dyad::product_rule::exact;
    const std::string to8 = "int8 to int8" + label;
    const std::string dyadic = "int8 to int8 by dyadic multipliers" + label;
    const std::string to32 = "int8 to int32" + label;
    add(to8, s,
        product<code, code, sums, exact>(s, lhs, rhs, codes, dyad::scale_columns_float<code>{{&factor, {s.n}, {0}}},
                                         serial));
    add(dyadic, s,
        product<code, code, sums, exact>(s, lhs, rhs, dyadic_codes,
                                         dyad::requantize_columns<code>{{&no_bias, {s.n}, {0}}, {&ratio, {s.n}, {0}}},
                                         serial));
    add(to32, s, product<code, code, sums, exact>(s, lhs, rhs, words, dyad::keep_sum{}, serial));
#if DYAD_BENCH_ONEDNN
    using type = onednn_product::type;
    const auto codes_there = std::make_shared<aligned_vector<code>>(size);
    const auto words_there = std::make_shared<aligned_vector<std::int32_t>>(size);
    const onednn_product there8(s, type::s8, lhs->data(), rhs->data(), codes_there->data(), factor);
    const onednn_product there32(s, type::s32, lhs->data(), rhs->data(), words_there->data(), 0);
    there8();
    there32();
    expect_equal(to8, *codes, *codes_there);
    expect_equal(to32, *words, *words_there);
    add("oneDNN int8 to int8" + label, s, [there8, codes_there, lhs] { there8(); });
    add("oneDNN int8 to int32" + label, s, [there32, words_there, lhs] { there32(); });
    compare(to8, "oneDNN int8 to int8" + label, s, to8);
    compare(dyadic, "oneDNN int8 to int8" + label, s, dyadic);
    compare(to32, "oneDNN int8 to int32" + label, s, to32);
#endif
}

// --- floats and 16 bits beside OpenBLAS ---

void add_openblas([[maybe_unused]] shape s) {
#if DYAD_BENCH_OPENBLAS
    openblas_set_num_threads(1);
    const auto lhs = numbers<float>(s.m * s.k, 0);
    const auto rhs = numbers<float>(s.k * s.n, 1);
    const auto dst = std::make_shared<aligned_vector<float>>(static_cast<std::size_t>(s.m * s.n));
    add("OpenBLAS float", s, [=] {
        const auto m = static_cast<int>(s.m);
        const auto n = static_cast<int>(s.n);
        const auto k = static_cast<int>(s.k);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.F, lhs->data(), k, rhs->data(), n, 0.F,
                    dst->data(), n);
    });
#endif
}

void add_beside_openblas(shape s) {
    using dyad::bfloat16;
    using dyad::float8_e4m3fn;
    using dyad::float_ordered;
    using dyad::product_rule;
    add_openblas(s);
    const auto against = [&](const std::string& name) { compare(name, "OpenBLAS float", s, name); };
    add_sums<float, float, float_ordered>("float", s), against("float");
    add_sums<bfloat16, bfloat16, float_ordered>("bfloat16", s), against("bfloat16");
    add_sums<float8_e4m3fn, float8_e4m3fn, float_ordered>("float8_e4m3fn", s), against("float8_e4m3fn");
    add_sums<integer<16>, integer<16>, dyad::proven<std::int64_t>>("int16 to int64", s), against("int16 to int64");
    add_sums<integer<16>, integer<16>, float_ordered>("int16 to float", s), against("int16 to float");
    add_sums<integer<12>, integer<12>, dyad::proven<std::int64_t>>("int12 to int64", s), against("int12 to int64");
    add_sums<integer<10>, integer<10>, dyad::proven<std::int32_t>>("int10 to int32", s), against("int10 to int32");
    add_sums<float8_e4m3fn, float8_e4m3fn, float_ordered, product_rule::lmul>("L-Mul float8_e4m3fn", s);
    against("L-Mul float8_e4m3fn");
    add_sums<float, float, float_ordered, product_rule::lmul_adder>("L-Mul's adder float", s);
    against("L-Mul's adder float");
}

// --- every format of at most 8 bits beside its carrier ---

template <class T>
void add_pair(const std::string& name, shape s) {
    add_sums<T, T, dyad::float_ordered>("pair " + name, s);
    constexpr dyad::carrier c = dyad::carrier_of<T, T>();
    const std::string beside = c == dyad::carrier::integer8 ? "pair int8"
                               : c == dyad::carrier::bf16   ? "bfloat16"
                                                            : "float";
    compare("pair " + name, beside, s);
}

void add_pairs(shape s) {
    add_sums<integer<8>, integer<8>, dyad::float_ordered>("pair int8", s);
    add_pair<integer<2>>("int2", s);
    add_pair<integer<4>>("int4", s);
    add_pair<dyad::uinteger<4>>("uint4", s);
    add_pair<dyad::uinteger<8>>("uint8", s);
    add_pair<dyad::ternary>("ternary", s);
    add_pair<dyad::power<4, 2>>("power<4, 2>", s);
    add_pair<dyad::float4_e2m1fn>("float4_e2m1fn", s);
    add_pair<dyad::float6_e2m3fn>("float6_e2m3fn", s);
    add_pair<dyad::float6_e3m2fn>("float6_e3m2fn", s);
    add_pair<dyad::float8_e5m2>("float8_e5m2", s);
    add_pair<dyad::float8_e4m3fnuz>("float8_e4m3fnuz", s);
    add_pair<dyad::float8_e3m4>("float8_e3m4", s);
    add_pair<dyad::float8_e8m0fnu>("float8_e8m0fnu", s);
}

// --- shared scales beside int8 ---

/// A matrix of blocks with random codes; exponents of power-of-two scales spread over `spread` octaves.
template <dyad::block_type B>
std::shared_ptr<std::vector<B>> blocks(index rows, index columns, std::uint64_t id, int spread) {
    const auto floats = numbers<float>(rows * columns, id);
    for (index i = 0; i < rows * columns; ++i) {
        const int octave = static_cast<int>(dyad::random_bits(9, id, static_cast<std::uint64_t>(i / 32)) %
                                            static_cast<unsigned>(spread));
        floats->data()[i] = std::ldexp(i % 16 == 0 ? 0.9F : floats->data()[i], -octave);
    }
    auto made = std::make_shared<std::vector<B>>(static_cast<std::size_t>(rows * columns / B::size));
    const std::span<const float> from(floats->data(), floats->size());
    dyad::status s = dyad::status::ok;
    if constexpr (B::layout.levels == dyad::scale_levels::two)
        s = dyad::quantize(from, std::span<B>(*made), 0.01F, dyad::scale_rule::nearest);
    else s = dyad::quantize(from, std::span<B>(*made), dyad::scale_rule::floor);
    if (s != dyad::status::ok) fail(dyad::to_string(s));
    return made;
}

/// lhs and rhs are made and kept by the caller.
template <class Lhs, class Rhs, class Keep>
void add_blocks(const std::string& name, shape s, const Lhs& lhs, const Rhs& rhs, Keep keep) {
    using plan_type = dyad::block_gemm_plan<Lhs, Rhs>;
    plan_type plan;
    if (plan_type::make(lhs, rhs, {.cap = cap}, plan) != dyad::status::ok) fail("no plan for " + name);
    auto packed = std::make_shared<aligned_vector<std::byte>>(plan.packed_bytes());
    auto workspace = std::make_shared<aligned_vector<std::byte>>(plan.workspace_bytes());
    auto dst = std::make_shared<aligned_vector<float>>(static_cast<std::size_t>(s.m * s.n));
    if (plan.pack(rhs, std::span<std::byte>(packed->data(), packed->size())) != dyad::status::ok)
        fail("cannot pack " + name);
    std::function<void()> run = [=] {
        const dyad::status done = plan.run(lhs, rhs, dyad::packed_operand{{packed->data(), packed->size()}},
                                           dyad::make_matrix(dst->data(), s.m, s.n), dyad::keep_sum{},
                                           std::span<std::byte>(workspace->data(), workspace->size()));
        if (done != dyad::status::ok) fail(name + ": " + dyad::to_string(done));
        static_cast<void>(keep);
    };
    run();
    add(name, s, std::move(run));
    compare(name, "int8 to int8", s, name);
}
template <dyad::block_type B>
void add_block_kind(const std::string& name, shape s, int spread) {
    const auto lhs = blocks<B>(s.m, s.k, 0, spread);
    const auto rhs = blocks<B>(s.n, s.k, 1, spread);
    add_blocks(name, s, dyad::view_of_blocks(static_cast<const B*>(lhs->data()), s.m, s.k),
               transposed(dyad::view_of_blocks(static_cast<const B*>(rhs->data()), s.n, s.k)), std::pair(lhs, rhs));
}
/// int8 activations with a scale for each token, weights of W with one float for each group of k.
template <class W>
void add_groups(const std::string& name, shape s, index group) {
    const auto x = numbers<integer<8>>(s.m * s.k, 0);
    const auto w = numbers<W>(s.n * s.k, 1);
    const auto x_scales = numbers<float>(s.m, 2);
    const auto w_scales = numbers<float>(s.n * dyad::pieces_of(s.k, group), 3);
    const dyad::quantized_view lhs{dyad::as_const(dyad::make_matrix(x->data(), s.m, s.k)),
                                   dyad::per_row(static_cast<const float*>(x_scales->data()))};
    const dyad::quantized_view rhs{dyad::as_const(dyad::make_matrix(w->data(), s.n, s.k)),
                                   dyad::per_row_block(static_cast<const float*>(w_scales->data()), group, s.k)};
    add_blocks(name, s, lhs, transposed(rhs), std::tuple(x, w, x_scales, w_scales));
}
void add_shared_scales() {
    for (const shape s : {shape{512, 384, 1536}, shape{128, 768, 768}, shape{512, 1536, 384}}) {
        add_block_kind<dyad::mxfp4>("MXFP4, any scales", s, 12);
        add_block_kind<dyad::mxfp4>("MXFP4, scales within three octaves", s, 3);
        add_block_kind<dyad::mxfp8_e4m3>("MXFP8", s, 12);
        add_block_kind<dyad::nvfp4>("NVFP4", s, 4);
        add_groups<integer<4>>("INT4 group 128 x int8", s, 128);
        add_groups<integer<4>>("INT4 group 32 x int8", s, 32);
    }
    add_groups<dyad::ternary>("ternary x int8", {512, 384, 1536}, 1536);
    add_groups<dyad::ternary>("ternary x int8", {512, 768, 768}, 768);
}

// --- two threads ---

void add_threads(shape s) {
    using code = integer<8>;
    const auto lhs = numbers<code>(s.m * s.k, 0);
    const auto rhs = numbers<code>(s.k * s.n, 1);
    static const float factor = 0x1p-10F;
    const auto dst = std::make_shared<aligned_vector<code>>(static_cast<std::size_t>(s.m * s.n));
    const dyad::scale_columns_float<code> scale{{&factor, {s.n}, {0}}};
    constexpr auto exact = dyad::product_rule::exact;
    benchmark::RegisterBenchmark(
        ("two threads/" + s.name()).c_str(),
        [s, run = product<code, code, dyad::proven<std::int32_t>, exact>(
                s, lhs, rhs, dst, scale, std::make_shared<dyad::thread_executor>(2))](benchmark::State& state) {
            for (auto _ : state) run();
            state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * s.operations());
        })
        ->UseRealTime();
    comparisons.push_back({"two threads, int8 to int8, " + s.name(), "one thread", "two threads/" + s.name(),
                           "int8 to int8/" + s.name()});
}

/// The program again, oneDNN and the plans limited to one instruction set.
void run_limited(const std::string& program, const std::string& limit, const std::string& onednn_name,
                 const std::vector<std::string>& words) {
    std::string command = "ONEDNN_MAX_CPU_ISA=" + onednn_name + " DNNL_MAX_CPU_ISA=" + onednn_name +
                          " OMP_NUM_THREADS=1 '" + program + "' --cap=" + limit;
    for (const std::string& word : words) command += " '" + word + "'";
    if (std::system(command.c_str()) != 0) fail("the run limited to " + limit + " failed");
}

}  // namespace

int main(int argc, char** argv) {
    bench::use_one_thread(argv);
    std::string limit;
    std::vector<char*> words{argv[0]};
    std::vector<std::string> passed;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.rfind("--cap=", 0) == 0) limit = word.substr(6);
        else words.push_back(argv[i]), passed.push_back(word);
    }
    const auto best = dyad::best_instruction_set();
    if (!limit.empty()) {
        cap = limit == "avx2" ? instruction_set::avx2 : instruction_set::avx512;
        for (const shape s : layers()) add_int8(s, cap == instruction_set::avx2 ? 7 : 8, ", " + limit + " only");
        return bench::run(static_cast<int>(words.size()), words.data(),
                          DYAD_BENCH_FOLDER "/gemm." + limit + ".ratios.json", comparisons);
    }
    std::printf("%s\n", bench::amx_state().c_str());
    std::vector<std::string> not_measured;
    if (best < instruction_set::amx) not_measured.emplace_back("all by AMX (int8, int16, bfloat16, FP8, MX, L-Mul)");
#if !DYAD_BENCH_ONEDNN
    not_measured.emplace_back("against oneDNN (not installed)");
#endif
#if !DYAD_BENCH_OPENBLAS
    not_measured.emplace_back("against OpenBLAS (not installed)");
#endif
    for (const shape s : layers()) add_int8(s, 8, "");
    for (const shape s : some) add_beside_openblas(s);
    add_pairs({128, 768, 768});
    add_shared_scales();
    add_threads({1024, 1024, 1024});
    const int done =
        bench::run(static_cast<int>(words.size()), words.data(), DYAD_BENCH_FOLDER "/gemm.ratios.json", comparisons);
    std::printf("%s\n", bench::amx_state().c_str());
    if (done != 0) return done;
    if (best >= instruction_set::avx512) run_limited(argv[0], "avx512", "AVX512_CORE_VNNI", passed);
    if (best >= instruction_set::avx2) run_limited(argv[0], "avx2", "AVX2", passed);
    return 0;
}
