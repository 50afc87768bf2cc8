#include "apps/clickstream/src/csv_reader.hpp"

#include "apps/clickstream/src/totals.hpp"
#include "temporary_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace clickstream {
namespace {

const std::string header = std::string(standard_header) + "\n";

std::string row(std::uint64_t product) {
  return "2019-10-01 00:00:00 UTC,view," + std::to_string(product) + ",1,,,1.00,7,s1";
}

std::string opening_fails_with(const std::filesystem::path& path) {
  try {
    CsvReader reader(path);
  } catch (const CsvError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(CsvReader, GivesEventsWithTheirLines) {
  const TemporaryFile file(header + row(11) + "\n" + row(12) + "\n");
  CsvReader reader(file.path());
  const Event* event = reader.next();
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->product_id, 11U);
  EXPECT_EQ(reader.line().number, 2U);
  EXPECT_EQ(reader.line().offset, header.size());
  EXPECT_EQ(reader.line().text, row(11));
  event = reader.next();
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->product_id, 12U);
  EXPECT_EQ(reader.line().number, 3U);
  EXPECT_EQ(reader.line().offset, header.size() + row(11).size() + 1);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.bytes_done(), reader.bytes_total());
  EXPECT_EQ(reader.malformed().count(), 0U);
}

TEST(CsvReader, ReadsCarriageReturnsAndAByteOrderMark) {
  const std::string mark = "\xEF\xBB\xBF";
  const TemporaryFile file(mark + std::string(standard_header) + "\r\n" + row(11) + "\r\n" + row(12) + "\r\n");
  CsvReader reader(file.path());
  ASSERT_NE(reader.next(), nullptr);
  EXPECT_EQ(reader.line().text, row(11));
  ASSERT_NE(reader.next(), nullptr);
  EXPECT_EQ(reader.line().offset, mark.size() + standard_header.size() + 2 + row(11).size() + 2);
  EXPECT_EQ(reader.next(), nullptr);
}

TEST(CsvReader, SkipsMalformedLinesAndKeepsTheirNumbersOffsetsAndReasons) {
  const TemporaryFile file(header + row(11) + "\nnonsense\n" + row(12) + "\n\n" + row(13) + "\n");
  CsvReader reader(file.path());
  std::vector<std::uint64_t> products;
  while (const Event* event = reader.next()) products.push_back(event->product_id);
  EXPECT_EQ(products, (std::vector<std::uint64_t>{11, 12, 13}));
  const std::uint64_t third_line = header.size() + row(11).size() + 1;
  const std::uint64_t fifth_line = third_line + 9 + row(12).size() + 1;
  EXPECT_EQ(reader.malformed().count(), 2U);
  EXPECT_EQ(reader.malformed().first(),
            (std::vector<MalformedLine>{{3, third_line, "has 1 column, expected 9"}, {5, fifth_line, "is empty"}}));
}

TEST(CsvReader, AWholeLastLineNeedsNoLineEnd) {
  const TemporaryFile file(header + row(11));
  CsvReader reader(file.path());
  EXPECT_NE(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.malformed().count(), 0U);
}

TEST(CsvReader, ACutLastLineIsMalformed) {
  const TemporaryFile file(header + row(11) + "\n2019-10-01 00:00:01 UTC,view,5,1,,acme,2.0");
  CsvReader reader(file.path());
  EXPECT_NE(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
  ASSERT_EQ(reader.malformed().count(), 1U);
  EXPECT_EQ(reader.malformed().first()[0].number, 3U);
  EXPECT_EQ(reader.malformed().first()[0].reason, "has 7 columns, expected 9");
}

TEST(CsvReader, KeepsOnlyTheFirstFewMalformedLinesButCountsAll) {
  std::string text = header;
  for (int line = 0; line < 1'000; ++line) text += "bad\n";
  const TemporaryFile file(text);
  CsvReader reader(file.path());
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.malformed().count(), 1'000U);
  ASSERT_EQ(reader.malformed().first().size(), MalformedLines::kept_max);
  EXPECT_EQ(reader.malformed().first().back().number, 11U);
}

// Sizes around the limit and around the buffer's, with and without a line end: the lines after it must be found
// again.
TEST(CsvReader, OverlongLinesAreMalformedAndTheNextLineIsFound) {
  for (const std::size_t size : {CsvReader::line_bytes_max + 1, CsvReader::line_bytes_max * 2,
                                 CsvReader::line_bytes_max * 4, CsvReader::line_bytes_max * 9 + 5}) {
    const std::string text = header + row(11) + "\n" + std::string(size, 'x') + "\n" + row(12) + "\n";
    const TemporaryFile file(text);
    CsvReader reader(file.path());
    ASSERT_NE(reader.next(), nullptr);
    const Event* const event = reader.next();
    ASSERT_NE(event, nullptr) << size;
    EXPECT_EQ(event->product_id, 12U);
    EXPECT_EQ(reader.line().number, 4U);
    EXPECT_EQ(text.substr(reader.line().offset, row(12).size()), row(12));
    EXPECT_EQ(reader.next(), nullptr);
    ASSERT_EQ(reader.malformed().count(), 1U);
    EXPECT_EQ(reader.malformed().first()[0].number, 3U);
    EXPECT_EQ(reader.malformed().first()[0].reason, "is longer than 65536 bytes");

    const TemporaryFile cut(header + std::string(size, 'x'));
    CsvReader cut_reader(cut.path());
    EXPECT_EQ(cut_reader.next(), nullptr);
    EXPECT_EQ(cut_reader.malformed().count(), 1U);
    EXPECT_EQ(cut_reader.bytes_done(), cut_reader.bytes_total());
  }
}

TEST(CsvReader, NumbersAndOffsetsHoldAcrossManyBuffers) {
  std::string text = header;
  std::vector<std::size_t> offsets;
  for (std::uint64_t product = 0; product < 20'000; ++product) {
    offsets.push_back(text.size());
    text += row(product) + "\n";
  }
  const TemporaryFile file(text);
  CsvReader reader(file.path());
  for (std::uint64_t product = 0; product < 20'000; ++product) {
    const Event* const event = reader.next();
    ASSERT_NE(event, nullptr);
    ASSERT_EQ(event->product_id, product);
    ASSERT_EQ(reader.line().number, product + 2);
    ASSERT_EQ(reader.line().offset, offsets[product]);
  }
  EXPECT_EQ(reader.next(), nullptr);
}

// Each padding moves the buffer's end by one byte within a line, so that it falls on every byte, line feed
// included.
TEST(CsvReader, ABufferMayEndAtAnyByteOfALine) {
  const std::string repeated = row(1) + "\n";
  for (std::size_t padding = 0; padding <= repeated.size(); ++padding) {
    std::string text = header + row(1) + std::string(padding, 's') + "\n";
    std::uint64_t rows = 1;
    for (; text.size() < CsvReader::line_bytes_max * 5; ++rows) text += repeated;
    const TemporaryFile file(text);
    CsvReader reader(file.path());
    std::uint64_t events = 0;
    while (reader.next() != nullptr) ++events;
    ASSERT_EQ(events, rows) << padding;
    ASSERT_EQ(reader.malformed().count(), 0U) << padding;
  }
}

TEST(CsvReader, AFileThatCannotBeReadIsOneLineOfError) {
  EXPECT_EQ(opening_fails_with("/nonexistent/file.csv"),
            "can't open /nonexistent/file.csv: No such file or directory");
  EXPECT_EQ(opening_fails_with("/"), "can't read /: Is a directory");
  const TemporaryFile empty("");
  EXPECT_EQ(opening_fails_with(empty.path()), empty.path().string() + " is empty, not even a header is there");
  const TemporaryFile foreign("name,age\nann,3\n");
  EXPECT_EQ(
      opening_fails_with(foreign.path()),
      foreign.path().string() +
          ": the header lacks the column event_time, event_type, product_id, category_id, category_code, brand, "
          "price, user_id, user_session");
}

TEST(CsvReader, ReadsTheRealDataSet) {
  const char* const path = std::getenv("BRAID_CLICKSTREAM_CSV");
  if (path == nullptr || *path == '\0') {
    GTEST_SKIP() << "BRAID_CLICKSTREAM_CSV does not name the real data set's file";
  }
  CsvReader reader(path);
  Totals totals;
  while (const Event* event = reader.next()) totals.add(*event);
  EXPECT_EQ(totals.counts().events, 17'434U);
  EXPECT_EQ(totals.counts().views, 17'055U);
  EXPECT_EQ(totals.counts().carts, 165U);
  EXPECT_EQ(totals.counts().purchases, 214U);
  ASSERT_EQ(reader.malformed().count(), 1U);
  EXPECT_EQ(reader.malformed().first()[0].number, 17'436U);
  EXPECT_EQ(reader.malformed().first()[0].reason, "has 8 columns, expected 9");
}

}  // namespace
}  // namespace clickstream
