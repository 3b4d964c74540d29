// SPDX-License-Identifier: Apache-2.0
// One element of packed storage, and walking along elements: element at bit p has the bits [p, p + width) of the byte
// string, bit k of the string being bit k % 8, from the lowest, of byte k / 8. p is any number: an element lies in one
// byte or in two.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/kernels/pack.hpp>

namespace dyad::inline v1 {

/// Formats that can be packed.
template <class T>
concept packable = format<T> && T::width >= 1 && T::width <= 8;

/// Bytes that n elements of T take, the first at bit 0.
template <packable T>
[[nodiscard]] constexpr std::size_t packed_size(std::size_t n) noexcept {
    return packed_bytes<T::width>(n);
}

/// The bytes of elements of T: read only where T is const.
template <class T>
using packed_byte = std::conditional_t<std::is_const_v<T>, const std::uint8_t, std::uint8_t>;

/// The code in the bits [bit, bit + Width); reads the bytes that hold them, no other. `bit` may be negative.
template <int Width>
[[nodiscard]] constexpr std::uint8_t load_code(const std::uint8_t* bytes, index bit) noexcept {
    // The byte of the last bit may be that of the first: then the mask drops what it adds.
    const unsigned word = bytes[bit >> 3] | unsigned{bytes[(bit + Width - 1) >> 3]} << 8;
    return static_cast<std::uint8_t>((word >> (bit & 7)) & low_mask<std::uint32_t>(Width));
}

/// Puts a code, of zeros above Width, there; all other bits stay. Writes the bytes that hold it, no other.
template <int Width>
constexpr void store_code(std::uint8_t* bytes, index bit, std::uint8_t code) noexcept {
    std::uint8_t& first = bytes[bit >> 3];
    std::uint8_t& last = bytes[(bit + Width - 1) >> 3];
    const unsigned mask = low_mask<std::uint32_t>(Width) << (bit & 7);
    const unsigned word = unsigned{code} << (bit & 7);
    first = static_cast<std::uint8_t>((first & ~mask) | word);
    // Where it is the same byte, mask >> 8 and word >> 8 are 0.
    last = static_cast<std::uint8_t>((last & ~(mask >> 8)) | (word >> 8));
}

/// Stands for one packed element as T& does for one in memory: converts to T, is assigned T, swaps and compares values.
/// Copying it does not copy the element; assigning to it does. A write reads and writes the neighbours that share its
/// bytes: threads may write different elements only where these have no byte in common.
template <packable T>
class packed_reference {
public:
    constexpr packed_reference(std::uint8_t* bytes, index bit) noexcept : bytes_(bytes), bit_(bit) {}
    constexpr packed_reference(const packed_reference&) noexcept = default;

    [[nodiscard]] constexpr operator T() const noexcept {  // NOLINT: as T& would
        return T::from_bits(static_cast<typename T::bits_type>(load_code<T::width>(bytes_, bit_)));
    }
    // const as well: what an iterator gives is an rvalue, which algorithms assign through.
    constexpr const packed_reference& operator=(T x) const noexcept {
        store_code<T::width>(bytes_, bit_, static_cast<std::uint8_t>(x.bits()));
        return *this;
    }
    constexpr packed_reference& operator=(const packed_reference& other) noexcept {  // NOLINT: no harm in x = x
        static_cast<const packed_reference&>(*this) = static_cast<T>(other);
        return *this;
    }

    friend constexpr void swap(packed_reference x, packed_reference y) noexcept {
        const T was = x;
        x = static_cast<T>(y);
        y = was;
    }
    friend constexpr void swap(packed_reference x, T& y) noexcept {
        const T was = x;
        x = y;
        y = was;
    }
    friend constexpr void swap(T& x, packed_reference y) noexcept { swap(y, x); }

    [[nodiscard]] friend constexpr bool operator==(packed_reference x, packed_reference y) noexcept {
        return static_cast<T>(x) == static_cast<T>(y);
    }
    [[nodiscard]] friend constexpr bool operator==(packed_reference x, T y) noexcept { return static_cast<T>(x) == y; }
    [[nodiscard]] friend constexpr auto operator<=>(packed_reference x, packed_reference y) noexcept {
        return static_cast<T>(x) <=> static_cast<T>(y);
    }
    [[nodiscard]] friend constexpr auto operator<=>(packed_reference x, T y) noexcept {
        return static_cast<T>(x) <=> y;
    }

private:
    std::uint8_t* bytes_;
    index bit_;
};

/// What an element of packed storage is seen as: a reference, or where T is const its value.
template <class T>
using packed_element =
    std::conditional_t<std::is_const_v<T>, std::remove_const_t<T>, packed_reference<std::remove_const_t<T>>>;

/// The element of T at `bit`.
template <class T>
    requires packable<std::remove_const_t<T>>
[[nodiscard]] constexpr packed_element<T> element_at(packed_byte<T>* bytes, index bit) noexcept {
    using value = std::remove_const_t<T>;
    if constexpr (std::is_const_v<T>) {
        return value::from_bits(static_cast<typename value::bits_type>(load_code<value::width>(bytes, bit)));
    } else {
        return {bytes, bit};
    }
}

/// Walks along elements `stride` apart; any stride, so the place is counted, not the bit. Compares places: both
/// iterators from the same elements.
template <class T>
    requires packable<std::remove_const_t<T>>
class packed_iterator {
public:
    using value_type = std::remove_const_t<T>;
    using difference_type = index;
    using pointer = void;
    using reference = packed_element<T>;
    using iterator_concept = std::random_access_iterator_tag;
    // Not to the letter, as `reference` is a proxy; as std::vector<bool>'s, so that the older algorithms jump too.
    using iterator_category = std::random_access_iterator_tag;

    packed_iterator() = default;
    /// At element `place` of those at offset + i * stride * width.
    constexpr packed_iterator(packed_byte<T>* bytes, index offset, index stride, index place) noexcept
        : bytes_(bytes), offset_(offset), step_(stride * value_type::width), place_(place) {}
    /// The same elements, read only.
    [[nodiscard]] constexpr operator packed_iterator<const T>() const noexcept  // NOLINT: loses nothing
        requires(!std::is_const_v<T>) {
        return {bytes_, offset_, step_ / value_type::width, place_};
    }

    [[nodiscard]] constexpr reference operator*() const noexcept {
        return element_at<T>(bytes_, offset_ + place_ * step_);
    }
    [[nodiscard]] constexpr reference operator[](index n) const noexcept {
        return element_at<T>(bytes_, offset_ + (place_ + n) * step_);
    }

    constexpr packed_iterator& operator+=(index n) noexcept {
        place_ += n;
        return *this;
    }
    constexpr packed_iterator& operator-=(index n) noexcept { return *this += -n; }
    constexpr packed_iterator& operator++() noexcept { return *this += 1; }
    constexpr packed_iterator& operator--() noexcept { return *this -= 1; }
    constexpr packed_iterator operator++(int) noexcept {
        const packed_iterator was = *this;
        ++*this;
        return was;
    }
    constexpr packed_iterator operator--(int) noexcept {
        const packed_iterator was = *this;
        --*this;
        return was;
    }
    [[nodiscard]] friend constexpr packed_iterator operator+(packed_iterator x, index n) noexcept { return x += n; }
    [[nodiscard]] friend constexpr packed_iterator operator+(index n, packed_iterator x) noexcept { return x += n; }
    [[nodiscard]] friend constexpr packed_iterator operator-(packed_iterator x, index n) noexcept { return x -= n; }
    [[nodiscard]] friend constexpr index operator-(packed_iterator x, packed_iterator y) noexcept {
        return x.place_ - y.place_;
    }
    [[nodiscard]] friend constexpr bool operator==(packed_iterator x, packed_iterator y) noexcept {
        return x.place_ == y.place_;
    }
    [[nodiscard]] friend constexpr std::strong_ordering operator<=>(packed_iterator x, packed_iterator y) noexcept {
        return x.place_ <=> y.place_;
    }

private:
    packed_byte<T>* bytes_ = nullptr;
    index offset_ = 0;
    index step_ = 0;
    index place_ = 0;
};

}  // namespace dyad::inline v1
