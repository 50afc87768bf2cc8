#include "apps/clickstream/src/catalogue.hpp"

#include "apps/clickstream/src/format.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace clickstream {
namespace {

struct Category {
  std::string_view code;  // Empty where the data set has none.
  std::uint64_t cents_min;
  std::uint64_t cents_max;
};

constexpr auto categories = std::to_array<Category>({
    {"electronics.smartphone", 6'990, 159'900},
    {"electronics.audio.headphone", 990, 29'900},
    {"electronics.clocks", 2'490, 69'900},
    {"electronics.video.tv", 12'990, 249'900},
    {"electronics.tablet", 8'990, 89'900},
    {"computers.notebook", 24'990, 299'900},
    {"computers.desktop", 29'990, 199'900},
    {"computers.peripherals.printer", 5'990, 49'900},
    {"computers.components.videocards", 9'990, 129'900},
    {"appliances.kitchen.refrigerators", 14'990, 189'900},
    {"appliances.kitchen.washer", 17'990, 119'900},
    {"appliances.kitchen.mixer", 1'490, 24'900},
    {"appliances.kitchen.oven", 9'990, 99'900},
    {"appliances.environment.vacuum", 3'990, 59'900},
    {"appliances.environment.water_heater", 3'290, 34'900},
    {"appliances.iron", 990, 14'900},
    {"furniture.living_room.sofa", 14'990, 149'900},
    {"furniture.bedroom.bed", 9'990, 99'900},
    {"furniture.kitchen.table", 4'990, 49'900},
    {"apparel.shoes", 1'990, 24'900},
    {"apparel.shirt", 790, 7'900},
    {"auto.accessories.player", 2'990, 39'900},
    {"construction.tools.drill", 1'990, 34'900},
    {"kids.carriage", 5'990, 89'900},
    {"kids.toys", 490, 9'900},
    {"sport.bicycle", 9'990, 129'900},
    {"stationery.cartrige", 490, 9'900},
    {"", 290, 4'900},
    {"", 990, 19'900},
    {"", 1'990, 49'900},
    {"", 4'990, 99'900},
    {"", 490, 14'900},
});

constexpr auto brands = std::to_array<std::string_view>(
    {"aldera",  "bravik",  "corvane", "delmora",   "elstrom", "fennick", "galtor",    "halvard", "ilmaren",
     "jorvik",  "kestrel", "lumina",  "maplewood", "nordhus", "orvelle", "pinecrest", "quillon", "rovaniem",
     "solvane", "tarkon",  "umbriel", "vestra",    "wexford", "xandor",  "yarrow",    "zephyra"});

constexpr std::size_t brands_a_category = 7;

}  // namespace

Catalogue::Catalogue(std::size_t count, Random& random) : by_category_(categories.size()) {
  std::array<std::uint64_t, categories.size()> category_ids;
  for (std::uint64_t& id : category_ids) id = 2'053'013'550'000'000'000U + random.below(10'000'000'000U);

  // Ids are given at random, so that they say nothing about how popular a product is.
  std::vector<std::uint64_t> ids;
  ids.reserve(count);
  for (std::size_t index = 0; index < count; ++index) ids.push_back(1'000'000 + index * 97 + random.below(97));
  random.shuffle(ids);

  products_.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    const std::size_t place = random.below(categories.size());
    const Category& category = categories[place];
    const std::string_view brand =
        random.chance(140) ? "" : brands[(place * 3 + random.below(brands_a_category)) % brands.size()];
    // The lesser of two draws, since cheap products outnumber dear ones.
    const auto draw = [&] { return random.between(category.cents_min, category.cents_max); };
    const std::uint64_t first = draw();
    const std::uint64_t cents = std::min(first, draw());

    Product product{ids[index], place, std::to_string(category_ids[place])};
    product.columns.append(",").append(category.code).append(",").append(brand).append(",");
    product.columns += plain_money(static_cast<std::int64_t>(cents));
    by_category_[place].push_back(index);
    products_.push_back(std::move(product));
  }
}

}  // namespace clickstream
