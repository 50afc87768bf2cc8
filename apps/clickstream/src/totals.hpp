#pragma once

#include "apps/clickstream/src/event.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace clickstream {

/// Plain sums over events; times in seconds since the epoch.
struct Counts {
  std::uint64_t events = 0;
  std::uint64_t views = 0;
  std::uint64_t carts = 0;
  std::uint64_t removals = 0;
  std::uint64_t purchases = 0;
  std::int64_t revenue_cents = 0;  ///< Prices of the purchases.
  std::int64_t first_time = 0;     ///< Earliest event; 0 without events.
  std::int64_t last_time = 0;      ///< Latest event; 0 without events.

  bool operator==(const Counts&) const = default;
};

/// What is known of a product that was viewed. Where events disagree on brand or category, the greatest in byte
/// order stands, because that does not depend on the order of events.
struct ProductViews {
  std::uint64_t views = 0;
  std::string brand;
  std::string category_code;

  bool operator==(const ProductViews&) const = default;
};

struct RankedProduct {
  std::uint64_t product_id = 0;
  ProductViews product;

  bool operator==(const RankedProduct&) const = default;
};

/// What a clickstream comes to. The same for any order of the events, and for any split of them over several Totals
/// that are merged; but an event added twice counts twice (only sessions and users are distinct). Thread: one at a
/// time; each virtual partition keeps its own, and who wants the whole merges them.
class Totals {
 public:
  void add(const Event& event);
  void merge(const Totals& other);

  const Counts& counts() const noexcept { return counts_; }
  std::uint64_t sessions() const noexcept { return sessions_.size(); }
  std::uint64_t users() const noexcept { return users_.size(); }
  std::uint64_t products_viewed() const noexcept { return products_.size(); }

  /// Sessions with at least one purchase.
  std::uint64_t sessions_that_bought() const noexcept;

  /// The `limit` most viewed products, most views first, ties by product id ascending.
  std::vector<RankedProduct> most_viewed(std::size_t limit) const;

  bool operator==(const Totals&) const = default;

  /// How `actual` differs from `expected`, a sentence a difference, at most `limit` of them for products, sessions
  /// and users each (a last one says how many more). Empty if they are equal, and only then.
  friend std::vector<std::string> differences(const Totals& actual, const Totals& expected, std::size_t limit);

 private:
  // Lets a session be looked up by a view, so that only a new one allocates.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  Counts counts_;
  std::unordered_map<std::uint64_t, ProductViews> products_;
  std::unordered_map<std::string, bool, TextHash, std::equal_to<>> sessions_;  // Whether it bought.
  std::unordered_set<std::uint64_t> users_;
};

std::vector<std::string> differences(const Totals& actual, const Totals& expected, std::size_t limit = 5);

}  // namespace clickstream
