// SPDX-License-Identifier: Apache-2.0
// Elements that end where readable memory ends: one read beyond them, by whatever instruction, ends the program.
#pragma once

#include <cstddef>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace dyad_test {

template <class T>
class guarded_memory {
public:
    explicit guarded_memory(std::size_t size) : size_(size) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t readable = (size * sizeof(T) + page - 1) / page * page;
        mapped_ = readable + page;
        map_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(map_ != MAP_FAILED);
        std::byte* const end = static_cast<std::byte*>(map_) + readable;
        REQUIRE(mprotect(end, page, PROT_NONE) == 0);
        data_ = reinterpret_cast<T*>(end - size * sizeof(T));
    }
    ~guarded_memory() {
        if (map_ != nullptr) munmap(map_, mapped_);
    }
    guarded_memory(guarded_memory&& other) noexcept
        : map_(std::exchange(other.map_, nullptr)), mapped_(other.mapped_), data_(other.data_), size_(other.size_) {}
    guarded_memory& operator=(guarded_memory&&) = delete;

    [[nodiscard]] T* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T* begin() const { return data_; }
    [[nodiscard]] T* end() const { return data_ + size_; }

private:
    void* map_ = nullptr;
    std::size_t mapped_ = 0;
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace dyad_test
