#include "values.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace braid::benchmarks {
namespace {

template <class Number>
Number read(std::string_view key, const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::runtime_error(fmt::format("{}={} is not such a number", key, text));
  }
  return number;
}

}  // namespace

Values Values::parse(const std::vector<std::string>& words) {
  Values values;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw std::runtime_error("'" + word + "' is not key=value");
    values.set(word.substr(0, equals), word.substr(equals + 1));
  }
  return values;
}

std::vector<std::string> Values::words() const {
  std::vector<std::string> all;
  for (const auto& [key, value] : values_) all.push_back(key + "=" + value);
  return all;
}

Values& Values::set(std::string key, std::string_view value) {
  values_.insert_or_assign(std::move(key), std::string(value));
  return *this;
}

Values& Values::set_number(std::string key, double value) {
  return set(std::move(key), fmt::format("{:.9g}", value));
}

const std::string& Values::text(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) throw std::runtime_error(fmt::format("{}=... is missing", key));
  return found->second;
}

double Values::number(std::string_view key) const {
  return read<double>(key, text(key));
}

std::uint64_t Values::count(std::string_view key) const {
  return read<std::uint64_t>(key, text(key));
}

std::map<std::string, std::string> Values::under(std::string_view prefix) const {
  std::map<std::string, std::string> found;
  for (const auto& [key, value] : values_) {
    if (key.starts_with(prefix)) found.emplace(key.substr(prefix.size()), value);
  }
  return found;
}

}  // namespace braid::benchmarks
