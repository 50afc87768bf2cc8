#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace braid::benchmarks {

// Named values without spaces: what a part is asked and what it answers, as words `key=value`. Thread: a value.
class Values {
 public:
  // Throws std::runtime_error for a word without '='.
  static Values parse(const std::vector<std::string>& words);
  [[nodiscard]] std::vector<std::string> words() const;

  Values& set(std::string key, std::string_view value);
  Values& set(std::string key, std::floating_point auto value) { return set_number(std::move(key), value); }
  Values& set(std::string key, std::integral auto value) { return set(std::move(key), std::to_string(value)); }

  // These throw std::runtime_error where the value is missing, or is no such number.
  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] double number(std::string_view key) const;
  [[nodiscard]] std::uint64_t count(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(key); }
  // All keys that begin with it, without it.
  [[nodiscard]] std::map<std::string, std::string> under(std::string_view prefix) const;

 private:
  Values& set_number(std::string key, double value);

  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace braid::benchmarks
