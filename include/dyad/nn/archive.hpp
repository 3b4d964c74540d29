// SPDX-License-Identifier: Apache-2.0
// Parameters of a prepared model as bytes, in the order in which the model shows them to a visitor: for programs that
// only run a model, and for counting. The bytes are the memory of the codes on this machine, without a header; views
// are contiguous.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/format.hpp>

namespace dyad::inline v1::nn {

/// Bits of one parameter of type T when codes are packed to their width.
template <class T>
inline constexpr int width_of = static_cast<int>(8 * sizeof(T));
template <format T>
inline constexpr int width_of<T> = T::width;

/// Counts the bytes that a writer will need.
class archive_size {
public:
    template <class T, int Rank>
    status array(view<T, Rank> v) noexcept {
        bytes_ += static_cast<std::size_t>(v.size()) * sizeof(T);
        return status::ok;
    }
    template <class T>
    status scalar(const T&) noexcept {
        bytes_ += sizeof(T);
        return status::ok;
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    std::size_t bytes_ = 0;
};

/// Writes a model's parameters into `bytes`; `used` tells how many.
class archive_writer {
public:
    explicit archive_writer(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}

    template <class T, int Rank>
    status array(view<T, Rank> v) noexcept {
        return copy(v.data, static_cast<std::size_t>(v.size()) * sizeof(T));
    }
    template <class T>
    status scalar(const T& x) noexcept {
        return copy(&x, sizeof(T));
    }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }

private:
    status copy(const void* from, std::size_t count) noexcept {
        if (count > bytes_.size() - used_) return status::archive_too_short;
        if (count != 0) std::memcpy(bytes_.data() + used_, from, count);
        used_ += count;
        return status::ok;
    }

    std::span<std::byte> bytes_;
    std::size_t used_ = 0;
};

/// Fills a model that has its shape, but was never prepared, with what a writer wrote.
class archive_reader {
public:
    explicit archive_reader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

    template <class T, int Rank>
    status array(view<T, Rank> v) noexcept {
        return copy(v.data, static_cast<std::size_t>(v.size()) * sizeof(T));
    }
    template <class T>
    status scalar(T& x) noexcept {
        return copy(&x, sizeof(T));
    }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }

private:
    status copy(void* to, std::size_t count) noexcept {
        if (count > bytes_.size() - used_) return status::archive_too_short;
        if (count != 0) std::memcpy(to, bytes_.data() + used_, count);
        used_ += count;
        return status::ok;
    }

    std::span<const std::byte> bytes_;
    std::size_t used_ = 0;
};

/// Counts what the parameters need when codes are packed to their width: a matrix of int4 takes half a byte an element.
class packed_size {
public:
    template <class T, int Rank>
    status array(view<T, Rank> v) noexcept {
        bits_ += static_cast<std::uint64_t>(v.size()) * static_cast<std::uint64_t>(width_of<T>);
        bits_ = (bits_ + 7) / 8 * 8;
        return status::ok;
    }
    template <class T>
    status scalar(const T&) noexcept {
        bits_ += static_cast<std::uint64_t>(width_of<T>);
        return status::ok;
    }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bits_ / 8; }

private:
    std::uint64_t bits_ = 0;
};

}  // namespace dyad::inline v1::nn
