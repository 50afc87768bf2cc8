#pragma once

#include "apps/clickstream/src/random.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace clickstream {

/// An invented shop's product; its category, brand and price never change.
struct Product {
  std::uint64_t id = 0;
  std::size_t category = 0;
  std::string columns;  ///< "category_id,category_code,brand,price" as they stand in a line.
};

/// All products of an invented shop, the popular ones first.
/// Thread: constant after construction; any.
class Catalogue {
 public:
  /// `count` products, at least 1.
  Catalogue(std::size_t count, Random& random);

  const std::vector<Product>& products() const noexcept { return products_; }

  /// The places in products() of one category, the popular ones first. Never empty for a product's category.
  const std::vector<std::size_t>& of_category(std::size_t category) const { return by_category_[category]; }

 private:
  std::vector<Product> products_;
  std::vector<std::vector<std::size_t>> by_category_;
};

}  // namespace clickstream
