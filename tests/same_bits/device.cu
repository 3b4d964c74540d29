// SPDX-License-Identifier: Apache-2.0
// The work of work.hpp as device code, one thread a case, and its hashes against the host's. Without a device the
// program says so: then it has shown that the headers compile.
#include <cstdint>
#include <cstdio>
#include <vector>

#include <dyad/math.hpp>

#include "work.hpp"

namespace {

__global__ void work_kernel(std::uint64_t* hashes, std::uint64_t count) {
    const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < count) hashes[i] = same_bits::work(i);
}

/// The integer functions of math/ that need no table.
__global__ void integer_kernel(std::uint64_t* results, std::uint64_t count) {
    const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < count) results[i] = dyad::integer_sqrt(i * 0x9E3779B97F4A7C15u);
}

bool succeeds(cudaError_t error) {
    if (error != cudaSuccess) std::printf("%s\n", cudaGetErrorString(error));
    return error == cudaSuccess;
}

}  // namespace

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::printf("compiled; there is no device to run on\n");
        return 0;
    }
    constexpr std::uint64_t count = 1 << 16;
    std::uint64_t* memory = nullptr;
    if (!succeeds(cudaMalloc(&memory, 2 * count * sizeof(std::uint64_t)))) return 1;
    work_kernel<<<count / 128, 128>>>(memory, count);
    integer_kernel<<<count / 128, 128>>>(memory + count, count);
    std::vector<std::uint64_t> results(2 * count);
    if (!succeeds(cudaGetLastError())) return 1;
    if (!succeeds(cudaMemcpy(results.data(), memory, 2 * count * sizeof(std::uint64_t), cudaMemcpyDeviceToHost)))
        return 1;
    std::uint64_t different = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (results[i] == same_bits::work(i) && results[count + i] == dyad::integer_sqrt(i * 0x9E3779B97F4A7C15u))
            continue;
        if (different++ == 0) std::printf("case %llu differs\n", static_cast<unsigned long long>(i));
    }
    std::printf("%llu of %llu cases differ between host and device\n", static_cast<unsigned long long>(different),
                static_cast<unsigned long long>(count));
    return different == 0 ? 0 : 1;
}
