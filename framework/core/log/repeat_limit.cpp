#include "core/log/repeat_limit.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace braid::core {

namespace {

std::string kind_of(std::string_view area, std::string_view text) {
  std::string kind(area);
  kind += ' ';
  std::ranges::copy_if(text, std::back_inserter(kind), [](char c) { return c < '0' || c > '9'; });
  return kind;
}

}  // namespace

bool RepeatLimit::admit(std::string_view area, std::string_view text, Time now) {
  if (settings_.most == 0) return true;
  std::string name = kind_of(area, text);
  auto found = kinds_.find(name);
  if (found == kinds_.end()) {
    if (kinds_.size() >= kMostKinds) forget_the_oldest();
    found = kinds_.try_emplace(std::move(name), Kind{.since = now, .written = 0, .left_out = {}}).first;
  }
  Kind& kind = found->second;
  if (now - kind.since >= settings_.within) {
    if (kind.left_out.lines > 0) forgotten_.push_back(std::move(kind.left_out));
    kind = {.since = now, .written = 0, .left_out = {}};
  }
  if (kind.written < settings_.most) {
    ++kind.written;
    return true;
  }
  ++kind.left_out.lines;
  kind.left_out.last = text;
  kind.left_out.area = area;
  const Time over = kind.since + settings_.within;
  due_ = due_ ? std::min(*due_, over) : over;
  return false;
}

std::vector<RepeatLimit::LeftOut> RepeatLimit::take_left_out(Time now) {
  std::vector<LeftOut> taken = std::exchange(forgotten_, {});
  if (!due_ || now < *due_) return taken;
  due_.reset();
  for (auto each = kinds_.begin(); each != kinds_.end();) {
    Kind& kind = each->second;
    const Time over = kind.since + settings_.within;
    if (now < over) {
      if (kind.left_out.lines > 0) due_ = due_ ? std::min(*due_, over) : over;
      ++each;
      continue;
    }
    if (kind.left_out.lines > 0) taken.push_back(std::move(kind.left_out));
    each = kinds_.erase(each);
  }
  return taken;
}

void RepeatLimit::forget_the_oldest() {
  const auto oldest = std::ranges::min_element(kinds_, {}, [](const auto& each) { return each.second.since; });
  if (oldest->second.left_out.lines > 0) forgotten_.push_back(std::move(oldest->second.left_out));
  kinds_.erase(oldest);
}

}  // namespace braid::core
