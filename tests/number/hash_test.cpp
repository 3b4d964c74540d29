// SPDX-License-Identifier: Apache-2.0
// hash: equal values have equal hashes, others differ, in every type; sets of numbers work.
#include <dyad/number/hash.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <dyad/number/lmul_number.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>
#include <dyad/number/power.hpp>
#include <dyad/number/ternary.hpp>

#include <random>
#include <unordered_set>

namespace {

template <class... Types, class Function>
void for_types(Function f) {
    (f(std::type_identity<Types>{}), ...);
}

TEST_CASE("equal values have equal hashes, other values other ones") {
    dyad_test::tally cases("hash");
    const auto check = [&]<class T>(std::type_identity<T>) {
        const auto codes = reference::all_codes<T>();
        for (const T x : codes) {
            for (const T y : codes) {
                const bool equal = std::hash<T>{}(x) == std::hash<T>{}(y);
                const bool same = x == y || (x != x && x.bits() == y.bits());
                // (two NaN may have the same hash)
                cases.check(equal == same || (x != x && y != y), int(x.bits()), " ", int(y.bits()));
            }
        }
    };
    for_types<dyad::float8_e4m3fn, dyad::float8_e5m2, dyad::float8_e4m3fnuz, dyad::float8_e8m0fnu, dyad::float6_e3m2fn,
              dyad::minifloat<reference::float8_e4m3_flushed>, dyad::binary8p3ue, dyad::fixed<8, 4>, dyad::uinteger<5>,
              dyad::ternary, dyad::power<8, 2>, dyad::lmul_number<dyad::float8_e5m2>>(check);
}

TEST_CASE("the forms of a dyadic") {
    const auto hash = [](std::int32_t significand, std::int32_t exponent) {
        return std::hash<dyad::dyadic<32>>{}({significand, exponent});
    };
    CHECK(hash(1, 4) == hash(16, 0));
    CHECK(hash(-12, 1) == hash(-3, 3));
    CHECK(hash(0, 4) == hash(0, -9));
    CHECK(hash(1, 0) != hash(-1, 0));
    CHECK(hash(1, INT32_MAX) != hash(1, INT32_MIN));
    CHECK(hash(1024, INT32_MAX) == hash(1024, INT32_MAX));
}

TEST_CASE("wide fixed-point: no two of many values share a hash, nor its low bits more often than by chance") {
    std::mt19937_64 random(1);
    std::unordered_set<dyad::fixed<64, 32>> numbers;
    std::unordered_set<std::size_t> hashes;
    int low_zeros = 0;
    for (int i = 0; i < 20000; ++i) {
        const auto x =
            dyad::fixed<64, 32>::from_bits(i % 2 != 0 ? random() : std::uint64_t{1} << 32 | std::uint64_t(i));
        numbers.insert(x);
        const std::size_t hash = std::hash<dyad::fixed<64, 32>>{}(x);
        hashes.insert(hash);
        low_zeros += hash % 64 == 0 ? 1 : 0;
    }
    CHECK(hashes.size() == numbers.size());
    CHECK(low_zeros > 200);  // 20000 / 64 = 312
    CHECK(low_zeros < 430);
}

static_assert(std::hash<dyad::float8_e4m3fn>{}(dyad::float8_e4m3fn::from_bits(0x80)) ==
              std::hash<dyad::float8_e4m3fn>{}(dyad::float8_e4m3fn::from_bits(0)));

}  // namespace
