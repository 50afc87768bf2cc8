#pragma once

#include <braid/routing/consumer_registry.hpp>
#include <braid/routing/problem.hpp>
#include <braid/routing/routes.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace braid::routing {

// What a routing file gave. Thread: a plain value.
struct Loaded {
  // Valid; empty if there are problems, so that half-read routes can't run by mistake.
  Routes routes{};
  // All of the file's problems, those of validate() included, by line and column.
  std::vector<Problem> problems{};

  [[nodiscard]] bool ok() const { return problems.empty(); }
  // The routes. Throws InvalidRoutes with all problems if there are any.
  [[nodiscard]] Routes value() &&;
};

// Reads a routing file (YAML; docs/routing.md has the format). Blocks on the disk. A file that can't be read, is
// longer than 16 MiB or is not YAML is a problem like any other: nothing is thrown.
[[nodiscard]] Loaded load_file(const std::filesystem::path& path, const ConsumerRegistry& registry);

// The same from text; `file_name` is what problems call it. Pure.
[[nodiscard]] Loaded load_text(std::string_view yaml, const ConsumerRegistry& registry,
                               std::string_view file_name = "routing.yaml");

}  // namespace braid::routing
