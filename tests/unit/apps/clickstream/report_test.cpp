#include "apps/clickstream/src/report.hpp"

#include "apps/clickstream/src/event_parser.hpp"
#include "apps/clickstream/src/format.hpp"
#include "apps/clickstream/src/load_summary.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <sstream>

namespace clickstream {
namespace {

Figures tiny_figures() {
  Figures figures;
  figures.source = "tiny.csv";
  EventParser parser;
  for (const char* const line : {"2019-10-01 00:00:00 UTC,view,11,1,apparel.shoes,acme,1234.50,7,s1",
                                 "2019-10-01 00:00:01 UTC,view,12,2,,,2.00,8,s2",
                                 "2019-10-01 00:00:02 UTC,view,11,1,apparel.shoes,acme,1234.50,8,s2",
                                 "2019-10-01 00:00:03 UTC,purchase,11,1,apparel.shoes,acme,1234.50,7,s1"}) {
    figures.totals.add(parser.parse(line).value());
  }
  figures.malformed.add(1'234, 99'999, "has 8 columns, expected 9");
  figures.elapsed = std::chrono::milliseconds(2);
  figures.load = LoadFigures{{1, 3, 0, 0}, 2, 5};
  figures.verification = VerificationFigures{4, {}};
  return figures;
}

std::string report_of(const Figures& figures, bool colour = false) {
  std::ostringstream out;
  print_report(figures, out, colour);
  return out.str();
}

std::string results_of(const Figures& figures) {
  std::ostringstream out;
  print_results(figures, out);
  return out.str();
}

TEST(Report, ShowsEverythingAligned) {
  EXPECT_EQ(report_of(tiny_figures()), R"(Clickstream  tiny.csv
  Events                               4
    Views                              3    75.0 %
    Carts                              0     0.0 %
    Removed from carts                 0     0.0 %
    Purchases                          1    25.0 %
  Sessions                             2
  Users                                2
  Revenue                       1,234.50
  Time                  2019-10-01 00:00:00 UTC  to  2019-10-01 00:00:03 UTC

Conversion
  Carts per view                   0.0 %
  Purchases per view              33.3 %
  Sessions that bought            50.0 %   1 of 2

Most viewed products
   #       Product       Views   Brand   Category
   1            11           2   acme    apparel.shoes
   2            12           1   -       -

Speed
  Events per second                2,000   in 0.00 s
  Ran at once                          2   at the peak, of 5 at most

Load of the virtual partitions
  Virtual partitions                   4
  Events each, least                   0
  Events each, mean                  1.0
  Events each, most                    3
  How many had how many events:
    0 to 0      2  ########################################
    1 to 1      1  ####################
    2 to 2      0
    3 to 3      1  ####################

Malformed lines
  1 skipped
    line 1,234: has 8 columns, expected 9

Verification
  OK: the totals equal those of a plain single-threaded reading of 4 events
)");
}

TEST(Report, ResultLinesAreForScripts) {
  EXPECT_EQ(results_of(tiny_figures()),
            "RESULT name=demo.totals events=4 sessions=2 users=2 views=3 carts=0 removals=0 purchases=1 "
            "revenue=1234.50 malformed=1\n"
            "RESULT name=demo.speed events_per_second=2000 seconds=0.002\n"
            "RESULT name=demo.load virtual_partitions=4 min=0 mean=1.0 max=3 running_peak=2\n"
            "RESULT name=demo.verify ok=1 events=4\n");
}

TEST(Report, AFailedVerificationSaysWhatDiffers) {
  Figures figures = tiny_figures();
  figures.verification = VerificationFigures{5, {"events: 4, expected 5 (1 missing)"}};
  EXPECT_NE(
      report_of(figures).find("  FAILED: the totals differ from those of a plain single-threaded reading of 5 "
                              "events\n    events: 4, expected 5 (1 missing)\n"),
      std::string::npos);
  EXPECT_NE(results_of(figures).find("RESULT name=demo.verify ok=0 events=5\n"), std::string::npos);
}

TEST(Report, LeavesOutWhatIsNotThere) {
  Figures figures;
  const std::string report = report_of(figures);
  for (const char* const absent : {"Speed", "Load", "Verification", "Most viewed", "Time"}) {
    EXPECT_EQ(report.find(absent), std::string::npos) << absent;
  }
  EXPECT_NE(report.find("Malformed lines\n  None\n"), std::string::npos);
  EXPECT_EQ(results_of(figures),
            "RESULT name=demo.totals events=0 sessions=0 users=0 views=0 carts=0 removals=0 purchases=0 "
            "revenue=0.00 malformed=0\n");
}

TEST(Report, SaysHowManyMalformedLinesAreNotShown) {
  Figures figures;
  for (std::uint64_t line = 0; line < 1'500; ++line) figures.malformed.add(line, 0, "is empty");
  EXPECT_NE(report_of(figures).find("1,500 skipped"), std::string::npos);
  EXPECT_NE(report_of(figures).find("and 1,490 more\n"), std::string::npos);
}

// What is left of a coloured report without its escapes is the plain report, so colour is never the only carrier.
TEST(Report, ColourOnlyAddsEscapes) {
  std::string coloured = report_of(tiny_figures(), true);
  EXPECT_NE(coloured, report_of(tiny_figures()));
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, report_of(tiny_figures()));
}

TEST(LoadSummary, CountsEveryVirtualPartitionOnceInAtMostEightRanges) {
  std::vector<std::uint64_t> loads(1'000);
  std::iota(loads.begin(), loads.end(), 17U);
  const LoadSummary summary = summarize_load(loads);
  EXPECT_EQ(summary.least, 17U);
  EXPECT_EQ(summary.most, 1'016U);
  EXPECT_DOUBLE_EQ(summary.mean, 516.5);
  EXPECT_LE(summary.ranges.size(), 8U);
  std::uint64_t counted = 0;
  for (const LoadRange& range : summary.ranges) counted += range.virtual_partitions;
  EXPECT_EQ(counted, 1'000U);
  EXPECT_EQ(summary.ranges.front().low, 17U);
  EXPECT_EQ(summary.ranges.back().high, 1'016U);
}

TEST(LoadSummary, EvenLoadIsOneRangeAndNoneIsEmpty) {
  EXPECT_EQ(summarize_load({5, 5, 5}).ranges, (std::vector<LoadRange>{{5, 5, 3}}));
  EXPECT_TRUE(summarize_load({}).ranges.empty());
}

TEST(Format, GroupsThousandsAndKeepsCents) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1'000), "1,000");
  EXPECT_EQ(with_thousands(1'234'567), "1,234,567");
  EXPECT_EQ(money(123'456'705), "1,234,567.05");
  EXPECT_EQ(money(-5), "-0.05");
  EXPECT_EQ(plain_money(123'456'705), "1234567.05");
  EXPECT_EQ(plain_money(std::numeric_limits<std::int64_t>::min()), "-92233720368547758.08");
  EXPECT_EQ(percent(1, 3), "33.3 %");
  EXPECT_EQ(percent(1, 0), "-");
}

}  // namespace
}  // namespace clickstream
