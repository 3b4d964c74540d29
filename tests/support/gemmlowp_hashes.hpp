// SPDX-License-Identifier: Apache-2.0
// Printed by gemmlowp_hashes.cpp with the headers of gemmlowp: see gemmlowp_functions.hpp.
#pragma once

#include <cstdint>

namespace reference {

struct gemmlowp_row {
    const char* function;
    int width;
    int integer_bits;
    std::uint64_t hash;
};
inline constexpr gemmlowp_row gemmlowp_rows[]{
    {"exp_interval", 16, 0, 0x3f74d147f793e56a}, {"inverse", 16, 0, 0xad54a861a36fa005},
    {"ratio", 16, 0, 0x7a846e587f1f1833},        {"exp", 16, 0, 0xb7ca7136950f4470},
    {"exp", 16, 1, 0xeb46587de4bf921b},          {"exp", 16, 2, 0xdeb201b7ca877564},
    {"exp", 16, 3, 0x66205fd8f5b9018b},          {"exp", 16, 4, 0x0235b46db2678873},
    {"exp", 16, 5, 0x26b79b48bea427e0},          {"exp", 16, 6, 0xc3832247816d256a},
    {"tanh", 16, 0, 0xd7d56d9c6c21e457},         {"tanh", 16, 1, 0xb000ba592087dad1},
    {"tanh", 16, 2, 0xec0d9cda5e955abd},         {"tanh", 16, 3, 0x4854d67c0ca87c5f},
    {"tanh", 16, 4, 0x53f9501ecb892cc4},         {"tanh", 16, 5, 0x358a468bcad939f3},
    {"tanh", 16, 6, 0x5257d85d39ebf801},         {"logistic", 16, 0, 0x77617f0a4e660797},
    {"logistic", 16, 1, 0xc9505ca4a4ba394d},     {"logistic", 16, 2, 0xe5916b0d783bcc31},
    {"logistic", 16, 3, 0x7a2b3323e38f8b08},     {"logistic", 16, 4, 0x82f5e1a0d2446b01},
    {"logistic", 16, 5, 0xb0db29e6538cfa70},     {"logistic", 16, 6, 0x05757583907fc44b},
    {"exp_interval", 32, 0, 0xa9fa775034735162}, {"inverse", 32, 0, 0xcd0cad6dd507b9a5},
    {"ratio", 32, 0, 0x192597282ebe9481},        {"exp", 32, 0, 0xf3887e2e714b4191},
    {"exp", 32, 1, 0xd14c69be39badd13},          {"exp", 32, 2, 0x2eac66a3a9051e31},
    {"exp", 32, 3, 0xee2aac092b789514},          {"exp", 32, 4, 0x7733a554777ba360},
    {"exp", 32, 5, 0x459c7d1f1eb1cbf5},          {"exp", 32, 6, 0xc67cbb5230ea74f7},
    {"tanh", 32, 0, 0x3dcfde61e6cdd0c6},         {"tanh", 32, 1, 0x7fa2f594bf613a2c},
    {"tanh", 32, 2, 0xe24c4952f73367b1},         {"tanh", 32, 3, 0x35604bd6f965a370},
    {"tanh", 32, 4, 0x05d0b514d18e4c7d},         {"tanh", 32, 5, 0xa5fc71a9d85657c0},
    {"tanh", 32, 6, 0xa52abd96c95bd6d5},         {"logistic", 32, 0, 0x913831c8bf0ec78f},
    {"logistic", 32, 1, 0x134443b4280e2267},     {"logistic", 32, 2, 0xce2db44a783ed233},
    {"logistic", 32, 3, 0xf31c655c841b8a7f},     {"logistic", 32, 4, 0xffa5e6ee3c514e59},
    {"logistic", 32, 5, 0x16e738726d2c5aee},     {"logistic", 32, 6, 0x64761f0e3d696103},
};

}  // namespace reference
