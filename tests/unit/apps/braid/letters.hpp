#pragma once

#include "apps/braid/src/letter.hpp"

#include <string>
#include <utility>
#include <vector>

// Dead letters to judge.

namespace braid::app_test {

inline app::Letter dead_letter() {
  namespace names = dead_letter_headers;
  return {.partition = {0},
          .offset = {17},
          .key = "ann",
          .payload = "{}",
          .headers = {{"trace", "t1"},
                      {names::kTopic, "orders"},
                      {names::kPartition, "3"},
                      {names::kOffset, "42"},
                      {names::kTimestamp, "1000"},
                      {names::kGroup, "shop"},
                      {names::kAttempts, "4"},
                      {names::kErrorType, "std::runtime_error"},
                      {names::kErrorText, "no stock"},
                      {names::kFirstFailure, "2000"},
                      {names::kLastFailure, "5000"}}};
}

// As it is, with one header more, or another value.
inline app::Letter with(app::Letter letter, std::string_view name, std::string_view value) {
  letter.headers.push_back({name, value});
  return letter;
}
inline app::Letter without(app::Letter letter, std::string_view name) {
  std::erase_if(letter.headers, [&](const Header& header) { return header.name == name; });
  return letter;
}

inline std::vector<std::string> names_of(const app::Replay& replay) {
  std::vector<std::string> names;
  for (const auto& [name, value] : replay.headers) names.push_back(name);
  return names;
}

}  // namespace braid::app_test
