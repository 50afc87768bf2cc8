// docs/metrics.md is written from the catalogue: BRAID_WRITE_DOCS=1 unit_tests --gtest_filter='MetricCatalogue.*'

#include "metrics/src/metric_catalogue.hpp"

#include "lib/paths.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace braid::metrics {
namespace {

constexpr std::string_view kMark =
    "<!-- From here on written by the test MetricCatalogue, with BRAID_WRITE_DOCS=1, from metric_catalogue.cpp. "
    "-->\n";

std::string labels_in_words(std::string_view labels) {
  std::string words;
  for (std::size_t end = 0; !labels.empty(); labels.remove_prefix(std::min(end + 2, labels.size()))) {
    end = std::min(labels.find(", "), labels.size());
    words += (words.empty() ? "`" : ", `") + std::string(labels.substr(0, end)) + "`";
  }
  return words.empty() ? "–" : words;
}

std::string page() {
  std::ostringstream page;
  page << "\n| metric | type | labels | what it tells |\n|---|---|---|---|\n";
  for (const MetricText& text : catalogue()) {
    page << "| `" << text.name << "` | " << name_of(text.kind) << " | " << labels_in_words(text.labels) << " | "
         << text.help << " |\n";
  }
  return page.str();
}

TEST(MetricCatalogue, ThePageSaysWhatItSays) {
  const std::string file = test_paths::source("docs/metrics.md");
  std::ostringstream read;
  read << std::ifstream(file).rdbuf();
  const std::string text = read.str();
  const std::size_t mark = text.find(kMark);
  ASSERT_NE(mark, std::string::npos) << file << " has no line " << kMark;
  const std::string wanted = text.substr(0, mark) + std::string(kMark) + page();
  if (std::getenv("BRAID_WRITE_DOCS") != nullptr) {
    std::ofstream(file) << wanted;
    return;
  }
  EXPECT_EQ(text, wanted)
      << "docs/metrics.md differs: BRAID_WRITE_DOCS=1 unit_tests --gtest_filter='MetricCatalogue.*'";
}

TEST(MetricCatalogue, NamesAreAsPrometheusWantsThem) {
  std::set<std::string_view> names;
  for (const MetricText& text : catalogue()) {
    EXPECT_TRUE(names.insert(text.name).second) << text.name;
    EXPECT_TRUE(text.name.starts_with("braid_")) << text.name;
    EXPECT_EQ(text.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << text.name;
    EXPECT_EQ(text.name.ends_with("_total"), text.kind == Kind::counter) << text.name;
    for (const char* unit : {"_ms", "_milliseconds", "_us", "_kilobytes", "_count", "_sum", "_bucket"}) {
      EXPECT_FALSE(text.name.ends_with(unit)) << text.name;
    }
    EXPECT_FALSE(text.help.empty()) << text.name;
    EXPECT_FALSE(text.help.ends_with(".")) << text.name;
  }
}

TEST(MetricCatalogue, KnowsNothingElse) {
  EXPECT_EQ(text_of("braid_batches_total").kind, Kind::counter);
  EXPECT_THROW(static_cast<void>(text_of("braid_unknown")), std::logic_error);
}

}  // namespace
}  // namespace braid::metrics
