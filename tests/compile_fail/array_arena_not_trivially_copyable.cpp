// expect: dyad::arena holds trivially copyable types only\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/arena.hpp>

struct owner {
    owner(const owner&);
};
dyad::status take(dyad::arena& memory, dyad::vector_view<owner>& piece) { return memory.take(3, piece); }
