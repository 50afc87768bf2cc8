#pragma once

#include "site.hpp"

#include <span>

namespace braid::ops {

// The files of framework/ops/page, which the build makes code of. They live as long as the program.
[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace braid::ops
