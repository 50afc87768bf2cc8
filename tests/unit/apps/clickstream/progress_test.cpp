#include "apps/clickstream/src/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace clickstream {
namespace {

TEST(Progress, WritesAPlainLineEachTenthInAPipe) {
  std::ostringstream out;
  {
    Progress progress(out, {"processed", "events", false});
    for (std::uint64_t done = 0; done <= 2'000; ++done) progress.update(done, 2'000, 1'500.7);
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_EQ(text.substr(0, text.find('\n')), "processed  10 %  200 of 2,000 events, 1,500 a second");
  EXPECT_TRUE(text.ends_with("processed 100 %  2,000 of 2,000 events, 1,500 a second\n"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, RedrawsOneLineOnATerminalAndEndsIt) {
  std::ostringstream out;
  {
    Progress progress(out, {"processed", "events", true});
    for (std::uint64_t done = 0; done <= 100'000; ++done) progress.update(done, 100'000);
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 201);
  EXPECT_TRUE(
      text.ends_with("\rprocessed [##############################] 100 %  100,000 of 100,000 events\x1b[K\n"));
}

TEST(Progress, JumpsShowOnlyWhatIsReachedAndNothingTwice) {
  std::ostringstream out;
  Progress progress(out, {"read", "bytes", false});
  progress.update(55, 100);
  progress.update(55, 100);
  progress.update(59, 100);
  progress.update(300, 100);
  progress.update(300, 100);
  EXPECT_EQ(out.str(), "read  55 %  55 of 100 bytes\nread 100 %  100 of 100 bytes\n");
}

TEST(Progress, AGrowingTotalDoesNotRepeatATenthInAPipe) {
  std::ostringstream out;
  Progress progress(out, {"read", "events", false});
  for (std::uint64_t total = 100; total < 200; ++total) progress.update(total / 2, total);
  const std::string text = out.str();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(Progress, AnUnknownTotalShowsNothing) {
  std::ostringstream out;
  {
    Progress progress(out, {"read", "events", true});
    progress.update(5, 0);
  }
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace clickstream
