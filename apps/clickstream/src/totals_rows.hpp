#pragma once

#include "apps/clickstream/src/event.hpp"
#include "apps/clickstream/src/totals.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace clickstream {

/// Totals as the rows of a database's tables: in order, so that whoever writes them locks them in one order.
/// Thread: one at a time.
class TotalsRows {
 public:
  void add(const Event& event);

  Counts counts;
  std::map<std::uint64_t, std::uint64_t> views;  ///< By product.
  std::map<std::string, bool> sessions;          ///< Whether it bought.
  std::set<std::uint64_t> users;

  bool operator==(const TotalsRows&) const = default;
};

/// How `actual` differs from `expected`, in a line; empty if they are equal, and only then.
std::string difference(const TotalsRows& actual, const TotalsRows& expected);

}  // namespace clickstream
