#include "apps/clickstream/src/event_parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace clickstream {
namespace {

constexpr std::string_view whole_line =
    "2019-10-01 00:00:05 UTC,view,44600062,2103807459595387724,apparel.shoes,shiseido,35.79,541312140,"
    "72d76fde-8bb3-4e00-8c23-a032dfed738c";

// The whole line with one column replaced.
std::string line_with(Column column, std::string_view text) {
  std::string line;
  std::string_view rest = whole_line;
  for (std::size_t place = 0; place < column_count; ++place) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (place > 0) line += ',';
    line += place == static_cast<std::size_t>(column) ? text : rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return line;
}

std::string reason_of(std::string_view line) {
  EventParser parser;
  const auto parsed = parser.parse(line);
  return parsed ? "none" : parsed.reason();
}

TEST(EventParser, ReadsEveryColumn) {
  EventParser parser;
  const auto parsed = parser.parse(whole_line);
  ASSERT_TRUE(parsed) << parsed.reason();
  EXPECT_EQ(parsed->event_time_text, "2019-10-01 00:00:05 UTC");
  EXPECT_EQ(parsed->event_time, 1'569'888'005);
  EXPECT_EQ(parsed->event_type, EventType::view);
  EXPECT_EQ(parsed->product_id, 44'600'062U);
  EXPECT_EQ(parsed->category_id, 2'103'807'459'595'387'724U);
  EXPECT_EQ(parsed->category_code, "apparel.shoes");
  EXPECT_EQ(parsed->brand, "shiseido");
  EXPECT_EQ(parsed->price_cents, 3'579);
  EXPECT_EQ(parsed->user_id, 541'312'140U);
  EXPECT_EQ(parsed->user_session, "72d76fde-8bb3-4e00-8c23-a032dfed738c");
}

TEST(EventParser, KnowsEveryEventType) {
  for (const EventType type :
       {EventType::view, EventType::cart, EventType::remove_from_cart, EventType::purchase}) {
    const std::string line = line_with(Column::event_type, to_text(type));
    EventParser parser;
    const auto parsed = parser.parse(line);
    ASSERT_TRUE(parsed) << parsed.reason();
    EXPECT_EQ(parsed->event_type, type);
  }
}

TEST(EventParser, EmptyCategoryCodeAndBrandAreLegal) {
  EXPECT_EQ(reason_of(line_with(Column::category_code, "")), "none");
  EXPECT_EQ(reason_of(line_with(Column::brand, "")), "none");
}

TEST(EventParser, DropsACarriageReturnAtTheEnd) {
  const std::string line = std::string(whole_line) + "\r";
  EventParser parser;
  const auto parsed = parser.parse(line);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->user_session, "72d76fde-8bb3-4e00-8c23-a032dfed738c");
}

TEST(EventParser, ReadsQuotedFields) {
  const std::string line = line_with(Column::category_code, R"("a,b")");
  EventParser parser;
  const auto parsed = parser.parse(line);
  ASSERT_TRUE(parsed) << parsed.reason();
  EXPECT_EQ(parsed->category_code, "a,b");
  EXPECT_EQ(parsed->brand, "shiseido");
}

TEST(EventParser, DoubledQuotesStandForOneAndSeveralFieldsMayHaveThem) {
  std::string line = line_with(Column::category_code, R"("say ""hi""")");
  line.replace(line.find("shiseido"), 8, R"("""")");
  EventParser parser;
  const auto parsed = parser.parse(line);
  ASSERT_TRUE(parsed) << parsed.reason();
  EXPECT_EQ(parsed->category_code, R"(say "hi")");
  EXPECT_EQ(parsed->brand, R"(")");
}

TEST(EventParser, QuotedNumbersAndAQuotedLastFieldAreRead) {
  EXPECT_EQ(reason_of(line_with(Column::price, R"("35.79")")), "none");
  EXPECT_EQ(reason_of(line_with(Column::user_session, "\"s1\"\r")), "none");
}

TEST(EventParser, SaysWhatIsWrongWithTheShapeOfALine) {
  EXPECT_EQ(reason_of(""), "is empty");
  EXPECT_EQ(reason_of("\r"), "is empty");
  EXPECT_EQ(reason_of("x"), "has 1 column, expected 9");
  EXPECT_EQ(reason_of("2019-10-01 02:50:00 UTC,view,10900305,2053013555069845885,a.b,elenberg,25.71,52040330"),
            "has 8 columns, expected 9");
  EXPECT_EQ(reason_of(std::string(whole_line) + ","), "has 10 columns, expected 9");
  EXPECT_EQ(reason_of(std::string(40, ',')), "has more than 32 columns");
  EXPECT_EQ(reason_of("\"" + std::string(40, ',')), "column 1 has an opening quote but no closing one");
  EXPECT_EQ(reason_of("\"\"" + std::string(40, ',')), "has more than 32 columns");
  EXPECT_EQ(reason_of(line_with(Column::brand, R"("acme"x)")), "column 6 has text after its closing quote");
  EXPECT_EQ(reason_of(line_with(Column::user_session, R"("ends with ""))")),
            "column 9 has an opening quote but no closing one");
}

TEST(EventParser, SaysWhichFieldIsWrong) {
  EXPECT_EQ(reason_of(line_with(Column::event_type, "wish")),
            "event_type is none of view, cart, remove_from_cart, purchase: 'wish'");
  EXPECT_EQ(reason_of(line_with(Column::event_type, "View")),
            "event_type is none of view, cart, remove_from_cart, purchase: 'View'");
  EXPECT_EQ(reason_of(line_with(Column::product_id, "12x")), "product_id is not a whole number: '12x'");
  EXPECT_EQ(reason_of(line_with(Column::product_id, "")), "product_id is not a whole number: ''");
  EXPECT_EQ(reason_of(line_with(Column::category_id, "-1")), "category_id is not a whole number: '-1'");
  EXPECT_EQ(reason_of(line_with(Column::user_id, "18446744073709551616")),
            "user_id is not a whole number: '18446744073709551616'");
  EXPECT_EQ(reason_of(line_with(Column::user_session, "")), "user_session is empty");
  EXPECT_EQ(reason_of(line_with(Column::price, "cheap")), "price is not an amount as in '12.34': 'cheap'");
}

TEST(EventParser, RefusesTimesThatDoNotExist) {
  for (const char* const time :
       {"", "2019-10-01", "2019-10-01 00:00:05", "2019-10-01T00:00:05 UTC", "2019-10-01 00:00:05 GMT",
        "2019-13-01 00:00:05 UTC", "2019-00-01 00:00:05 UTC", "2019-02-29 00:00:05 UTC", "2019-10-32 00:00:05 UTC",
        "2019-10-00 00:00:05 UTC", "2019-10-01 24:00:05 UTC", "2019-10-01 00:60:05 UTC", "2019-10-01 00:00:60 UTC",
        "2019-10-0x 00:00:05 UTC", "1900-02-29 00:00:00 UTC"}) {
    EXPECT_FALSE(parse_time(time)) << time;
    EXPECT_EQ(reason_of(line_with(Column::event_time, time)),
              "event_time is not a time as in '2019-10-01 00:00:00 UTC': '" + std::string(time) + "'");
  }
}

TEST(EventParser, ReadsTimesOfAllYears) {
  EXPECT_EQ(*parse_time("1970-01-01 00:00:00 UTC"), 0);
  EXPECT_EQ(*parse_time("1969-12-31 23:59:59 UTC"), -1);
  EXPECT_EQ(*parse_time("2000-02-29 12:00:00 UTC"), 951'825'600);
  EXPECT_EQ(*parse_time("9999-12-31 23:59:59 UTC"), 253'402'300'799);
}

RC_GTEST_PROP(EventParser, ReadsBackEveryFormattedTime, ()) {
  const auto time = *rc::gen::inRange<std::int64_t>(-62'000'000'000, 253'000'000'000);
  const auto parsed = parse_time(format_time(time));
  RC_ASSERT(parsed.ok());
  RC_ASSERT(*parsed == time);
}

TEST(EventParser, ReadsPricesInCents) {
  EXPECT_EQ(*parse_price("0"), 0);
  EXPECT_EQ(*parse_price("0.00"), 0);
  EXPECT_EQ(*parse_price("12"), 1'200);
  EXPECT_EQ(*parse_price("12.3"), 1'230);
  EXPECT_EQ(*parse_price("12.05"), 1'205);
  EXPECT_EQ(*parse_price("12.3400"), 1'234);
  EXPECT_EQ(*parse_price("-7.94"), -794);
  EXPECT_EQ(*parse_price("999999999.99"), 99'999'999'999);
  for (const char* const price : {"", "-", ".", ".5", "5.", "1,5", "1.2.3", "1e3", "+1", "--1", "1.234", "nan",
                                  "1000000000", " 1", "1 ", "0x1"}) {
    EXPECT_FALSE(parse_price(price)) << price;
  }
}

TEST(EventParser, ShowsForeignBytesHarmlesslyAndCutsLongOnes) {
  EXPECT_EQ(reason_of(line_with(Column::product_id, "\x1b[2J")), "product_id is not a whole number: '?[2J'");
  EXPECT_EQ(reason_of(line_with(Column::product_id, std::string(1000, 'x'))),
            "product_id is not a whole number: '" + std::string(40, 'x') + "...'");
}

TEST(EventParser, FollowsTheColumnsOfTheFile) {
  const auto columns = parse_header(
      "note,user_session,user_id,price,brand,category_code,category_id,product_id,event_type,event_time");
  ASSERT_TRUE(columns) << columns.reason();
  EXPECT_FALSE(columns->standard());
  EventParser parser(*columns);
  const auto parsed = parser.parse("hello,s1,7,1.50,acme,,3,2,cart,2019-10-01 00:00:00 UTC");
  ASSERT_TRUE(parsed) << parsed.reason();
  EXPECT_EQ(parsed->user_session, "s1");
  EXPECT_EQ(parsed->user_id, 7U);
  EXPECT_EQ(parsed->price_cents, 150);
  EXPECT_EQ(parsed->event_type, EventType::cart);
}

// Any event, also with texts that need quotes.
RC_GTEST_PROP(EventParser, ReadsBackEveryWrittenEvent, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab.,\"'-\xC3\xA9")));
  const std::string code = *text;
  const std::string brand = *text;
  const std::string session = "s" + *text;
  Event event;
  event.event_time = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000);
  const std::string time = format_time(event.event_time);
  event.event_time_text = time;
  event.event_type = static_cast<EventType>(*rc::gen::inRange(0, 4));
  event.product_id = *rc::gen::arbitrary<std::uint64_t>();
  event.category_id = *rc::gen::arbitrary<std::uint64_t>();
  event.user_id = *rc::gen::arbitrary<std::uint64_t>();
  event.price_cents = *rc::gen::inRange<std::int64_t>(-99'999'999'999, 99'999'999'999);
  event.category_code = code;
  event.brand = brand;
  event.user_session = session;

  std::string line;
  write_event(event, line);
  EventParser parser;
  const auto parsed = parser.parse(line);
  RC_ASSERT(parsed.ok());
  RC_ASSERT(*parsed == event);
}

RC_GTEST_PROP(EventParser, TakesAnyBytesWithoutHarm, ()) {
  const auto line = *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::elementOf(std::string(",,,\"\"\r"))));
  EventParser parser;
  const auto parsed = parser.parse(line);
  RC_ASSERT(parsed.ok() || !parsed.reason().empty());
}

TEST(Header, StandardOrderIsKnown) {
  const auto columns = parse_header(standard_header);
  ASSERT_TRUE(columns);
  EXPECT_TRUE(columns->standard());
}

TEST(Header, MayHaveAByteOrderMarkQuotesAndACarriageReturn) {
  const auto columns = parse_header(
      "\xEF\xBB\xBF\"event_time\",event_type,product_id,category_id,category_code,brand,price,user_id,"
      "\"user_session\"\r");
  ASSERT_TRUE(columns) << columns.reason();
  EXPECT_TRUE(columns->standard());
}

TEST(Header, NamesEveryMissingColumn) {
  const auto columns = parse_header("event_time,event_type,product_id,category_id,category_code,price,user_id");
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.reason(), "the header lacks the column brand, user_session");
}

TEST(Header, RefusesAColumnThatIsThereTwice) {
  const auto columns = parse_header(std::string(standard_header) + ",brand");
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.reason(), "the header has the column brand twice");
}

TEST(Header, SaysThatItIsMalformed) {
  EXPECT_EQ(parse_header("").reason(), "the header is malformed: is empty");
  EXPECT_EQ(parse_header("\"event_time").reason(),
            "the header is malformed: column 1 has an opening quote but no closing one");
}

}  // namespace
}  // namespace clickstream
