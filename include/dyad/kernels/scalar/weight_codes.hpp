// SPDX-License-Identifier: Apache-2.0
// The bits of stored weights: the u of one column and one k of each set of a unit, in one byte of each of its vectors.
//   8 bits   byte v = u[v]
//   6 bits   byte v = u[v] + 64 * (two bits of u[3]: its upper ones in byte 0, its lower ones in byte 2)
//   4 bits   u[0] + 16 u[1]
//   3 bits   byte v = u[2 v] + 8 u[2 v + 1]; above them the upper two bits of u[6] in byte 0, of u[7] in byte 1, and
//            the lowest bits of both in byte 2
//   2 bits   u[0] + 4 u[1] + 16 u[2] + 64 u[3]
//   trits    ceil(256 q / 243), q = sum of u[n] 3^(4 - n): array/ternary_packing.hpp's `scaled`, ggml's TQ1_0
// So kernels take most sets by a mask, at the place where they stand.
#pragma once

#include <cstdint>

#include <dyad/kernels/gemv_layout.hpp>

namespace dyad::inline v1::scalar {

/// u has unit_of(code).sets numbers, bytes unit_of(code).vectors.
constexpr void encode_weights(weight_code code, const std::uint8_t* u, std::uint8_t* bytes) noexcept {
    const auto byte = [](unsigned x) { return static_cast<std::uint8_t>(x); };
    const auto at = [u](int n) { return unsigned{u[n]}; };
    switch (code) {
        case weight_code::bits_8:
            bytes[0] = u[0];
            bytes[1] = u[1];
            return;
        case weight_code::bits_6:
            for (int v = 0; v < 3; ++v) bytes[v] = byte(at(v) | (at(3) >> (4 - 2 * v) & 3U) << 6);
            return;
        case weight_code::bits_4: bytes[0] = byte(at(0) | at(1) << 4); return;
        case weight_code::bits_3:
            bytes[0] = byte(at(0) | at(1) << 3 | at(6) >> 1 << 6);
            bytes[1] = byte(at(2) | at(3) << 3 | at(7) >> 1 << 6);
            bytes[2] = byte(at(4) | at(5) << 3 | (at(6) & 1U) << 6 | (at(7) & 1U) << 7);
            return;
        case weight_code::bits_2: bytes[0] = byte(at(0) | at(1) << 2 | at(2) << 4 | at(3) << 6); return;
        case weight_code::trits: {
            unsigned q = 0;
            for (int n = 0; n < 5; ++n) q = 3 * q + at(n);
            bytes[0] = byte((256 * q + 242) / 243);
            return;
        }
    }
}

/// And back. Any bytes may be read: of trits, those that no numbers have give some digits of 0 to 2 too.
constexpr void decode_weights(weight_code code, const std::uint8_t* bytes, std::uint8_t* u) noexcept {
    const auto byte = [](unsigned x) { return static_cast<std::uint8_t>(x); };
    switch (code) {
        case weight_code::bits_8:
            u[0] = bytes[0];
            u[1] = bytes[1];
            return;
        case weight_code::bits_6:
            for (int v = 0; v < 3; ++v) u[v] = bytes[v] & 63;
            u[3] = byte((bytes[0] >> 6 & 3U) << 4 | (bytes[1] >> 6 & 3U) << 2 | (bytes[2] >> 6 & 3U));
            return;
        case weight_code::bits_4:
            u[0] = bytes[0] & 15;
            u[1] = bytes[0] >> 4;
            return;
        case weight_code::bits_3:
            for (int v = 0; v < 3; ++v) {
                u[2 * v] = bytes[v] & 7;
                u[2 * v + 1] = bytes[v] >> 3 & 7;
            }
            u[6] = byte((bytes[0] >> 6 & 3U) << 1 | (bytes[2] >> 6 & 1U));
            u[7] = byte((bytes[1] >> 6 & 3U) << 1 | (bytes[2] >> 7 & 1U));
            return;
        case weight_code::bits_2:
            for (int n = 0; n < 4; ++n) u[n] = bytes[0] >> (2 * n) & 3;
            return;
        case weight_code::trits: {
            unsigned y = bytes[0];
            for (int n = 0; n < 5; ++n) {
                y *= 3;
                u[n] = byte(y >> 8);
                y &= 255;
            }
            return;
        }
    }
}

}  // namespace dyad::inline v1::scalar
