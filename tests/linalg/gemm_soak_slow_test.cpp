// SPDX-License-Identifier: Apache-2.0
// gemm: 100'000 random calls, each equal to the plain loop's sums bit for bit, or refused with nothing written. All of
// a call comes from one seed, which a failure prints; with it in the
// environment variable DYAD_SOAK_SEED, this program repeats the calls of that seed only.
#include <dyad/linalg/gemm.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dyad/array/thread_executor.hpp>
#include <dyad/linalg/epilogue.hpp>

namespace {

using dyad::bfloat16;
using dyad::chained;
using dyad::fixed;
using dyad::float16;
using dyad::float8_e4m3fn;
using dyad::float8_e5m2;
using dyad::float_ordered;
using dyad::gemm_plan;
using dyad::index;
using dyad::instruction_set;
using dyad::integer;
using dyad::matrix_view;
using dyad::product_rule;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad_test::tally;

class random_source {
public:
    explicit random_source(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] std::uint64_t word() { return engine_(); }
    [[nodiscard]] index below(index n) { return static_cast<index>(engine_() % static_cast<std::uint64_t>(n)); }
    [[nodiscard]] bool one_in(index n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

/// rows x columns somewhere in memory that ends where the matrix does: any order, gaps, directions.
template <class T>
struct matrix {
    std::vector<T> memory;
    std::array<index, 2> extent{};
    std::array<index, 2> stride{};
    index offset = 0;

    matrix(random_source& random, index rows, index columns, bool may_repeat) : extent{rows, columns} {
        const bool by_rows = random.below(2) == 0;
        const auto inner = static_cast<std::size_t>(by_rows ? 1 : 0);
        const std::size_t outer = 1 - inner;
        stride[inner] = random.one_in(3) ? 1 + random.below(4) : 1;
        stride[outer] = stride[inner] * std::max<index>(extent[inner], 1) + (random.one_in(2) ? random.below(9) : 0);
        index reach = 1;
        for (const std::size_t r : {inner, outer}) {
            if (may_repeat && random.one_in(16)) stride[r] = 0;
            const index last = extent[r] == 0 ? 0 : (extent[r] - 1) * stride[r];
            reach += last;
            if (!random.one_in(4)) continue;
            stride[r] = -stride[r];
            offset += last;
        }
        memory.resize(static_cast<std::size_t>(reach));
    }
    [[nodiscard]] matrix_view<T> view() { return {memory.data() + offset, extent, stride}; }
    [[nodiscard]] matrix_view<const T> view() const { return {memory.data() + offset, extent, stride}; }
};

enum class contents : std::uint8_t { any_code, extremes, moderate };

template <class T>
T code_of(std::uint64_t bits) {
    if constexpr (std::same_as<T, float>) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    else return T::from_bits(static_cast<typename T::bits_type>(bits & dyad::low_mask<std::uint64_t>(T::width)));
}
template <class T>
T make_code(random_source& random, contents c) {
    if constexpr (requires { T::max_raw; }) {
        if (c == contents::extremes) return T::from_raw(random.one_in(4) ? T::max_raw : T::min_raw);
        return code_of<T>(random.word());
    } else {
        const double x = static_cast<double>(static_cast<std::int64_t>(random.word())) * 0x1p-62;
        if (c == contents::any_code) return code_of<T>(random.word());
        const double scale = c == contents::moderate ? 1 : random.one_in(2) ? 0x1p-70 : 0x1p60;
        return dyad::convert<T>(x * scale, dyad::rounding::nearest_even, dyad::saturation::finite);
    }
}

/// Tasks one after the other in shuffled order, or on threads.
struct any_order {
    std::uint64_t seed;
    dyad::thread_executor* threads;

    void operator()(index n, const std::function<void(index)>& task) const {
        if (threads != nullptr) return (*threads)(n, task);
        std::vector<index> order(static_cast<std::size_t>(std::max<index>(n, 0)));
        std::iota(order.begin(), order.end(), index{0});
        std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
        for (const index i : order) task(i);
    }
};

/// What a call may have wrong, one thing at a time.
enum class fault : std::uint8_t {
    none,
    lhs_rows,
    lhs_columns,
    rhs_rows,
    rhs_columns,
    dst_rows,
    dst_columns,
    lhs_null,
    rhs_null,
    dst_null,
    dst_repeats,
    workspace_short,
    workspace_in_dst,
    workspace_in_lhs,
    lhs_in_dst,
    packed_short,
    packed_for_other_k,
    packed_damaged,
    packed_misplaced,
    last
};

template <class T>
bool same_memory(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

/// Bytes that begin `shift` behind a 64-byte border.
class placed_bytes {
public:
    placed_bytes(std::size_t bytes, std::size_t shift) : memory_(bytes + 128, std::byte{0x5a}), bytes_(bytes) {
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
        first_ = (64 - address % 64) % 64 + shift;
    }
    [[nodiscard]] std::span<std::byte> all() { return {memory_.data() + first_, bytes_}; }

private:
    std::vector<std::byte> memory_;
    std::size_t bytes_;
    std::size_t first_;
};

/// m, k, n: 0 to 70, small ones more often, and sometimes a long k between a few lines.
std::array<index, 3> random_size(random_source& random) {
    index m = random.below(71);
    index n = random.below(71);
    index k = random.below(71);
    if (random.one_in(2)) m %= 9;
    if (random.one_in(2)) n %= 20;
    if (random.one_in(12)) {
        k = random.below(900);
        m %= 12;
        n %= 12;
    }
    return {m, k, n};
}

/// A cap above what the machine has means what the machine has.
instruction_set random_instruction_set(random_source& random) {
    constexpr auto count = static_cast<index>(instruction_set::amx) + 1;
    return static_cast<instruction_set>(random.below(count));
}

/// Random calls of one plan type.
template <class A, class B, class Accumulator, product_rule Product = product_rule::exact>
class soak {
    using plan_type = gemm_plan<A, B, Accumulator, Product>;
    using sum_type = typename plan_type::sum_type;
    static constexpr sum_type untouched = 77;

    random_source random_;
    std::array<index, 3> size_ = random_size(random_);
    index m_ = size_[0];
    index k_ = size_[1];
    index n_ = size_[2];
    contents contents_ = static_cast<contents>(random_.below(3));
    matrix<A> lhs_{random_, m_, k_, true};
    matrix<B> rhs_{random_, k_, n_, true};
    matrix<sum_type> dst_{random_, m_, n_, false};
    bool packed_ = plan_type::has_kernel && random_.one_in(2);
    bool direct_ = random_.one_in(2);
    plan_type plan_;
    dyad::gemm_options options_{0, random_instruction_set(random_)};
    any_order execute_{random_.word(), nullptr};
    std::unique_ptr<placed_bytes> spare_;

public:
    explicit soak(std::uint64_t seed) : random_(seed) {
        for (A& x : lhs_.memory) x = make_code<A>(random_, contents_);
        for (B& x : rhs_.memory) x = make_code<B>(random_, contents_);
        std::fill(dst_.memory.begin(), dst_.memory.end(), untouched);
    }

    /// Whether the call did what it should.
    [[nodiscard]] bool passes(dyad::thread_executor& threads) {
        if (random_.one_in(8)) execute_.threads = &threads;
        if (plan_type::make(m_, k_, n_, options_, plan_) != status::ok) return false;
        if (!random_.one_in(6)) return good_call();
        const auto first = static_cast<index>(fault::none) + 1;
        const auto what = static_cast<fault>(first + random_.below(static_cast<index>(fault::last) - first));
        return bad_call(what);
    }

private:
    struct operands {
        matrix_view<const A> lhs;
        matrix_view<const B> rhs;
        matrix_view<sum_type> dst;
        std::span<std::byte> workspace;
        std::span<const std::byte> packed;
    };

    [[nodiscard]] status run(const operands& o) {
        // (keep_sum lets a kernel write dst itself)
        const auto indirect = [](sum_type sum, index, index) { return sum; };
        if constexpr (plan_type::has_kernel) {
            if (packed_) {
                const dyad::packed_operand rhs{o.packed};
                return direct_ ? plan_.run(o.lhs, rhs, o.dst, dyad::keep_sum{}, o.workspace, execute_)
                               : plan_.run(o.lhs, rhs, o.dst, indirect, o.workspace, execute_);
            }
        }
        return direct_ ? plan_.run(o.lhs, o.rhs, o.dst, dyad::keep_sum{}, o.workspace, execute_)
                       : plan_.run(o.lhs, o.rhs, o.dst, indirect, o.workspace, execute_);
    }
    [[nodiscard]] status pack([[maybe_unused]] matrix_view<const B> rhs, std::span<std::byte> to) {
        if constexpr (plan_type::has_kernel) return plan_.pack(rhs, to, execute_);
        else return to.empty() ? status::ok : status::rhs_packed_differently;
    }
    [[nodiscard]] std::size_t workspace_bytes() const {
        return packed_ ? plan_.packed_workspace_bytes() : plan_.workspace_bytes();
    }

    [[nodiscard]] std::vector<sum_type> expected() const {
        std::vector<sum_type> all(dst_.memory.size(), untouched);
        const matrix_view<sum_type> to{all.data() + dst_.offset, dst_.extent, dst_.stride};
        for (index i = 0; i < m_; ++i)
            for (index j = 0; j < n_; ++j)
                to(i, j) = dyad::plain_sum<A, B, Accumulator, Product>(lhs_.view(), rhs_.view(), i, j);
        return all;
    }

    [[nodiscard]] bool good_call() {
        placed_bytes workspace(workspace_bytes(), static_cast<std::size_t>(random_.below(64)));
        placed_bytes packed(packed_ ? plan_.packed_bytes() : 0, 0);
        const std::vector<sum_type> wanted = expected();
        if (packed_ && pack(std::as_const(rhs_).view(), packed.all()) != status::ok) return false;
        constexpr std::array modes{FE_TONEAREST, FE_TONEAREST, FE_TONEAREST, FE_UPWARD, FE_TOWARDZERO};
        std::fesetround(modes[static_cast<std::size_t>(random_.below(modes.size()))]);
        const status s =
            run({std::as_const(lhs_).view(), std::as_const(rhs_).view(), dst_.view(), workspace.all(), packed.all()});
        std::fesetround(FE_TONEAREST);
        return s == status::ok && same_memory(dst_.memory, wanted);
    }

    /// Refused, and dst as it was. A fault that this call cannot have is none: then the call is a good one.
    [[nodiscard]] bool bad_call(fault what) {
        const std::size_t needed = workspace_bytes();
        placed_bytes workspace(needed, 0);
        placed_bytes packed(packed_ ? plan_.packed_bytes() + 64 : 0, 0);
        if (packed_ && pack(std::as_const(rhs_).view(), packed.all()) != status::ok) return false;
        operands o{std::as_const(lhs_).view(), std::as_const(rhs_).view(), dst_.view(), workspace.all(), packed.all()};
        if (packed_) o.packed = o.packed.first(plan_.packed_bytes());
        if (!spoil(o, what, packed)) return good_call();
        const std::vector<sum_type> before = dst_.memory;
        return run(o) != status::ok && same_memory(dst_.memory, before);
    }

    /// False where it cannot be spoilt that way.
    [[nodiscard]] bool spoil(operands& o, fault what, placed_bytes& packed) {
        const bool some = m_ != 0 && n_ != 0;
        switch (what) {
            case fault::lhs_rows: o.lhs.extent[0] += 1; return true;
            case fault::lhs_columns: o.lhs.extent[1] -= 1; return true;
            case fault::rhs_rows: o.rhs.extent[0] += 1; return !packed_;
            case fault::rhs_columns: o.rhs.extent[1] -= 1; return !packed_;
            case fault::dst_rows: o.dst.extent[0] -= 1; return true;
            case fault::dst_columns: o.dst.extent[1] += 1; return true;
            case fault::lhs_null: o.lhs.data = nullptr; return m_ * k_ != 0;
            case fault::rhs_null: o.rhs.data = nullptr; return !packed_ && k_ * n_ != 0;
            case fault::dst_null: o.dst.data = nullptr; return some;
            case fault::dst_repeats: o.dst.stride[1] = o.dst.stride[0]; return m_ > 1 && n_ > 1;
            case fault::workspace_short:
                if (o.workspace.empty()) return false;
                o.workspace = o.workspace.first(o.workspace.size() - 1);
                return true;
            case fault::workspace_in_dst: o.workspace = std::as_writable_bytes(std::span(dst_.memory)); return some;
            case fault::workspace_in_lhs:
                o.workspace = std::as_writable_bytes(std::span(lhs_.memory));
                return m_ * k_ != 0;
            case fault::lhs_in_dst: o.lhs.data = reinterpret_cast<const A*>(o.dst.data); return some && k_ != 0;
            default: return packed_ && spoil_packed(o, what, packed);
        }
    }
    [[nodiscard]] bool spoil_packed(operands& o, fault what, placed_bytes& packed) {
        const std::size_t bytes = plan_.packed_bytes();
        switch (what) {
            case fault::packed_short: o.packed = o.packed.first(bytes - 1); return true;
            case fault::packed_for_other_k: {
                plan_type other;
                if (plan_type::make(m_, k_ + 1, n_, options_, other) != status::ok) return false;
                o.lhs.extent[1] += 1;
                plan_ = other;
                spare_ = std::make_unique<placed_bytes>(workspace_bytes(), 0);
                o.workspace = spare_->all();
                return true;
            }
            case fault::packed_damaged: {
                // One bit of the header, but not of the smallest magnitude, which may be any.
                const auto at = static_cast<std::size_t>(random_.below(56));
                packed.all()[at] ^= static_cast<std::byte>(1U << random_.below(8));
                return true;
            }
            case fault::packed_misplaced: o.packed = packed.all().subspan(8, bytes); return true;
            default: return false;
        }
    }
};

template <class A, class B, class Accumulator, product_rule Product = product_rule::exact>
bool passes(std::uint64_t seed, dyad::thread_executor& threads) {
    return soak<A, B, Accumulator, Product>(seed).passes(threads);
}

struct named_pair {
    const char* name;
    bool (*passes)(std::uint64_t seed, dyad::thread_executor& threads);
};
constexpr std::array pairs{
    named_pair{"int8 x int8", &passes<integer<8>, integer<8>, proven<std::int32_t>>},
    named_pair{"uint8 x int8", &passes<uinteger<8>, integer<8>, proven<std::int32_t>>},
    named_pair{"int8 x uint8 in 64 bits", &passes<integer<8>, uinteger<8>, proven<std::int64_t>>},
    named_pair{"uint8 x uint8", &passes<uinteger<8>, uinteger<8>, proven<std::int32_t>>},
    named_pair{"int8 x ternary", &passes<integer<8>, dyad::ternary, proven<std::int32_t>>},
    named_pair{"int16 x int16", &passes<integer<16>, integer<16>, proven<std::int64_t>>},
    named_pair{"int16 x int8 in 64 bits", &passes<integer<16>, integer<8>, proven<std::int64_t>>},
    named_pair{"fixed<4, 2> x fixed<7, 9>", &passes<fixed<4, 2>, fixed<7, 9>, proven<std::int32_t>>},
    named_pair{"uint16 x uint16", &passes<uinteger<16>, uinteger<16>, proven<std::int64_t>>},
    named_pair{"int8 in chains of 16 to float", &passes<integer<8>, integer<8>, chained<std::int32_t, 16, float>>},
    named_pair{"int16 x int8 in chains of 65", &passes<integer<16>, integer<8>, chained<std::int32_t, 65, float>>},
    named_pair{"bfloat16", &passes<bfloat16, bfloat16, float_ordered>},
    named_pair{"e4m3fn x e5m2", &passes<float8_e4m3fn, float8_e5m2, float_ordered>},
    named_pair{"int8 x bfloat16", &passes<integer<8>, bfloat16, float_ordered>},
    named_pair{"float x float", &passes<float, float, float_ordered>},
    named_pair{"float16 x bfloat16", &passes<float16, bfloat16, float_ordered>},
    named_pair{"L-Mul e5m2 x e4m3fn", &passes<float8_e5m2, float8_e4m3fn, float_ordered, product_rule::lmul>},
    named_pair{"L-Mul's adder, float16", &passes<float16, float16, float_ordered, product_rule::lmul_adder>},
};

TEST_CASE("gemm: random calls, good and bad") {
    dyad::thread_executor threads(3);
    tally cases("random calls of gemm");
    const char* const chosen = std::getenv("DYAD_SOAK_SEED");
    const std::uint64_t first = chosen == nullptr ? 0 : std::strtoull(chosen, nullptr, 10);
    const std::uint64_t calls = chosen == nullptr ? 100'000 : pairs.size();
    for (std::uint64_t i = 0; i < calls; ++i) {
        const named_pair& pair = pairs[i % pairs.size()];
        const std::uint64_t seed = first + i / pairs.size();
        cases.check(pair.passes(seed, threads), pair.name, ", seed ", seed);
    }
}

}  // namespace
