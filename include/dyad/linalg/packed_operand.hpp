// SPDX-License-Identifier: Apache-2.0
// A constant rhs packed ahead of time: 64 bytes that say for which product and which kernel, then the kernel's panels.
// The bytes can be stored and read again by the same version of the layout and the same kernel; anything else is
// refused by name. Little-endian, as all machines with kernels of their own are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

/// Layouts of other versions are refused; raise it with every change of a panel's bytes.
inline constexpr std::uint32_t packed_layout_version = 1;

struct packed_header {
    char magic[8] = {'d', 'y', 'a', 'd', 'p', 'a', 'c', 'k'};
    std::uint32_t version = packed_layout_version;
    std::uint32_t kernel = 0;  ///< fingerprint of the kernel and the formats
    std::uint64_t bytes = 0;   ///< all, with this header
    std::int64_t k = 0;
    std::int64_t n = 0;
    std::int64_t block = 0;  ///< k of a block
    std::int64_t chain = 0;
    std::uint32_t smallest = 0;  ///< of the magnitudes of bfloat16 carriers, see kernels/smallest_magnitude.hpp
    std::uint32_t check = 0;     ///< of the fields before

    [[nodiscard]] friend constexpr bool operator==(const packed_header&, const packed_header&) = default;
};
static_assert(sizeof(packed_header) == 64, "A packed operand's panels begin on a 64-byte border.");

/// A packed operand as run takes it. Make it from the bytes that `pack` filled.
struct packed_operand {
    std::span<const std::byte> bytes;
};

/// FNV-1a over the characters of a name and numbers.
class fingerprint {
public:
    constexpr fingerprint& add(const char* text) noexcept {
        for (; *text != '\0'; ++text) step(static_cast<std::uint8_t>(*text));
        return *this;
    }
    constexpr fingerprint& add(std::int64_t number) noexcept {
        for (int i = 0; i < 8; ++i) step(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i)));
        return *this;
    }
    [[nodiscard]] constexpr std::uint32_t value() const noexcept { return hash_; }

private:
    constexpr void step(std::uint8_t byte) noexcept { hash_ = (hash_ ^ byte) * 16777619U; }
    std::uint32_t hash_ = 2166136261U;
};

/// The header with its check: what pack writes.
[[nodiscard]] constexpr packed_header sealed(packed_header h) noexcept {
    fingerprint all;
    for (const char c : h.magic) all.add(std::int64_t{c});
    for (const std::uint32_t word : {h.version, h.kernel, h.smallest}) all.add(std::int64_t{word});
    for (const std::int64_t word : {static_cast<std::int64_t>(h.bytes), h.k, h.n, h.block, h.chain}) all.add(word);
    h.check = all.value();
    return h;
}

/// Does `there` begin a packed operand whose header, but for `smallest`, is `expected`? Panels are not looked at.
[[nodiscard]] inline status check_packed(std::span<const std::byte> there, packed_header expected,
                                         packed_header& found) noexcept {
    if (there.data() == nullptr || there.size() < sizeof found) return status::rhs_packed_too_short;
    if (reinterpret_cast<std::uintptr_t>(there.data()) % 64 != 0) return status::packed_memory_too_small;
    __builtin_memcpy(&found, there.data(), sizeof found);
    expected.smallest = found.smallest;
    if (found.kernel == expected.kernel && found.version == expected.version) {
        if (found.k != expected.k) return status::rhs_rows_differ;
        if (found.n != expected.n) return status::rhs_columns_differ;
    }
    if (!(found == sealed(expected))) return status::rhs_packed_differently;
    return there.size() < found.bytes ? status::rhs_packed_too_short : status::ok;
}

}  // namespace dyad::inline v1
