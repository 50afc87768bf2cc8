#include "text.hpp"

#include "scalars.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;

TEST(Nearest, IsTheFewestEditsAway) {
  constexpr std::array<std::string_view, 3> kKeys{"max_wait", "max_messages", "max_partitions"};
  EXPECT_EQ(nearest("max_mesages", kKeys), "max_messages");
  EXPECT_EQ(nearest("maxwait", kKeys), "max_wait");
  EXPECT_EQ(nearest("max_wiat", kKeys), "max_wait");
  EXPECT_EQ(nearest("MAX", kKeys), std::nullopt);
  EXPECT_EQ(nearest("", kKeys), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'x'), kKeys), std::nullopt);
}

TEST(Nearest, ASwapOfNeighboursIsOneEdit) {
  constexpr std::array<std::string_view, 1> kId{"id"};
  EXPECT_EQ(nearest("di", kId), "id");
  EXPECT_EQ(nearest("xy", kId), std::nullopt);
}

TEST(Suggestion, NamesTheNearestOrAll) {
  constexpr std::array<std::string_view, 2> kKeys{"name", "consumer"};
  EXPECT_EQ(suggestion("nmae", kKeys), "; did you mean 'name'?");
  EXPECT_EQ(suggestion("colour", kKeys), "; known: name, consumer");
  EXPECT_EQ(suggestion("colour", {}), "");
}

TEST(Printable, IsOneLineOfBoundedLength) {
  EXPECT_EQ(quoted("a\nb\tc\x01\x7f"), "'a\\nb\\tc\\x01\\x7f'");
  EXPECT_EQ(printable("größer"), "größer");
  EXPECT_EQ(printable(std::string(1000, 'x')), std::string(300, 'x').append("..."));
}

TEST(Sizes, AreReadWithTheirUnits) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("67108864"), 64u << 20);
  EXPECT_EQ(parse_size("64 MiB"), 64u << 20);
  EXPECT_EQ(parse_size("64MiB"), 64u << 20);
  EXPECT_EQ(parse_size("64MB"), 64'000'000u);
  EXPECT_EQ(parse_size("2kB"), 2000u);
  EXPECT_EQ(parse_size("2KB"), 2000u);
  EXPECT_EQ(parse_size("2 KiB"), 2048u);
  EXPECT_EQ(parse_size("7 B"), 7u);
  EXPECT_EQ(parse_size("1 GiB"), std::size_t{1} << 30);
  EXPECT_EQ(parse_size("1TB"), 1'000'000'000'000u);
  EXPECT_EQ(parse_size("18446744073709551615"), 18446744073709551615u);
  for (const char* text : {"", "MiB", "-1", "+1", "1.5 MiB", "64  MiB", "64 ", " 64", "64M", "64mib", "64 mb",
                           "0x10", "18446744073709551616", "16777216 TiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Sizes, AreWrittenInTheLargestUnitThatHoldsThem) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1000), "1000 B");
  EXPECT_EQ(size_text(1024), "1 KiB");
  EXPECT_EQ(size_text(64u << 20), "64 MiB");
  EXPECT_EQ(size_text((std::size_t{1} << 30) + 1024), "1048577 KiB");
  EXPECT_EQ(size_text(std::size_t{5} << 50), "5120 TiB");
}

TEST(Truth, IsTrueOrFalse) {
  EXPECT_EQ(parse_bool("true"), true);
  EXPECT_EQ(parse_bool("false"), false);
  for (const char* text : {"", "yes", "True", "1"}) EXPECT_EQ(parse_bool(text), std::nullopt) << text;
}

TEST(RealNumbers, AreDecimal) {
  EXPECT_EQ(parse_real("2"), 2.0);
  EXPECT_EQ(parse_real("0.1"), 0.1);
  EXPECT_EQ(parse_real("-1.5"), -1.5);
  EXPECT_EQ(parse_real("1e3"), 1000.0);
  for (const char* text : {"", ".", "1,5", "0x10", "+1", " 1", "1 ", "nan", "inf", "-inf", "1e999", "one"}) {
    EXPECT_EQ(parse_real(text), std::nullopt) << text;
  }
}

TEST(RealNumbers, AreWrittenShort) {
  EXPECT_EQ(number_text(2.0), "2");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(number_text(-5), "-5");
}

TEST(Durations, AreReadWithTheirUnits) {
  EXPECT_EQ(parse_duration("0"), 0ms);
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("-3s"), -3s);
  for (const char* text : {"", "5", "s", "1.5s", "5 s", " 5s", "5S", "5d", "+5s", "0x1s", "9223372036854775807h",
                           "99999999999999999999ms"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Durations, AreWrittenAsTheyAreRead) {
  for (const char* text : {"0", "1ms", "1001ms", "5s", "90s", "2m", "1h", "-5ms"}) {
    EXPECT_EQ(to_text(*parse_duration(text)), text);
  }
}

}  // namespace
