// How values are made of payloads, one message at a time.

#include "unit/support/test_messages.hpp"

#include <braid/deserializer.hpp>
#include <braid/json.hpp>
#include <braid/typed_consumer.hpp>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// Says of itself what it is made from.
struct Number {
  int value = 0;
  static Number decode(std::string_view payload) {
    Number number;
    if (std::from_chars(payload.data(), payload.data() + payload.size(), number.value).ec != std::errc()) {
      throw std::invalid_argument("not a number");
    }
    return number;
  }
};

// Sees more of the message than its payload.
struct Versioned {
  std::string version;
  std::string text;
  static Versioned decode(const braid::Message& message) {
    return {std::string(message.header("version").value().value.value()), std::string(message.payload())};
  }
};

struct Event {
  std::string user;
  std::int64_t cents = 0;
  bool operator==(const Event&) const = default;
};
Event tag_invoke(boost::json::value_to_tag<Event>, const boost::json::value& json) {
  return {boost::json::value_to<std::string>(json.at("user")), json.at("cents").to_number<std::int64_t>()};
}

// Made by a topic's deserializer alone.
struct Opaque {
  int size = 0;
};

}  // namespace

template <>
struct braid::Decode<Event> : braid::FromJson<Event> {};

namespace braid {
namespace {

using routing::Deserializer;
using test_support::TestMessages;

template <class Function>
Deserializer made_of(Function function) {
  return routing::detail::FunctionDeserializer<Function>::of(std::move(function));
}

class Decoding : public testing::Test {
 protected:
  const Message& message(std::optional<std::string> payload) {
    return kept_.emplace_back(
        messages_.add({.offset = 17, .key = "k", .payload = std::move(payload), .headers = {{"version", "v2"}}}));
  }
  template <class T>
  TypedMessage<T> typed(std::optional<std::string> payload, const Deserializer& by = {}) {
    return {message(std::move(payload)), detail::decoder_for<T>(deserializers_.emplace_back(by))};
  }
  // What asking for the value throws.
  template <class T>
  static DecodingFailed failure_of(const TypedMessage<T>& message) {
    try {
      static_cast<void>(message.value());
    } catch (const DecodingFailed& failure) {
      return failure;
    }
    throw std::runtime_error("nothing was thrown");
  }
  template <class T>
  static std::string text_of(const TypedMessage<T>& message) {
    return failure_of(message).what();
  }

 private:
  TestMessages messages_{"events", 3};
  std::deque<Message> kept_;                 // never moves them
  std::vector<Deserializer> deserializers_;  // what they hold lives as long as one of them
};

TEST_F(Decoding, StringsAndBytesAreTheirPayloads) {
  const std::string payload("a\0\xFF", 3);
  const auto view = typed<std::string_view>(payload);
  EXPECT_EQ(view.value(), payload);
  EXPECT_EQ(view.value().data(), view.payload().data()) << "a view copies nothing";
  EXPECT_EQ(typed<std::string>(payload).value(), payload);
  EXPECT_EQ(typed<std::vector<std::byte>>(payload).value().at(2), std::byte{0xFF});
  const auto bytes = typed<std::span<const std::byte>>(payload);
  EXPECT_EQ(static_cast<const void*>(bytes.value().data()), bytes.payload().data());
  EXPECT_EQ(bytes.value().size(), 3U);
}

TEST_F(Decoding, TextIsLookedAt) {
  EXPECT_EQ(typed<std::string_view>("caf\xC3\xA9", text()).value(), "caf\xC3\xA9");
  EXPECT_EQ(typed<std::string>("", text()).value(), "");
  EXPECT_EQ(text_of(typed<std::string>("abc\xFF", text())),
            "events/3: the payload at offset 17 can't be decoded: it is not UTF-8 from byte 3 on");
}

TEST_F(Decoding, ATypeSaysWhatItIsMadeFrom) {
  EXPECT_EQ(typed<Number>("42").value().value, 42);
  EXPECT_EQ(typed<Versioned>("x").value().version, "v2");
  EXPECT_EQ(typed<Event>(R"({"user":"ann","cents":250})").value(), (Event{"ann", 250}));
  EXPECT_EQ(typed<Event>(R"({"user":"ann","cents":250})", json()).value().cents, 250);
  EXPECT_EQ(typed<boost::json::value>("[1, 2] ").value(), (boost::json::array{1, 2}));
}

TEST_F(Decoding, ATopicsDeserializerGoesBeforeTheTypesOwn) {
  EXPECT_EQ(typed<Number>("x", made_of([](const Message&) { return Number{7}; })).value().value, 7);
  EXPECT_EQ(typed<Opaque>(
                "four", made_of([](std::string_view payload) { return Opaque{static_cast<int>(payload.size())}; }))
                .value()
                .size,
            4);
  EXPECT_EQ(typed<Event>(R"({"user":"b","cents":-1})", json<Event>()).value(), (Event{"b", -1}));
}

// The planted bugs of this part: decoded twice; an error that is forgotten.
TEST_F(Decoding, AValueIsMadeWhenItIsFirstAskedForAndOnce) {
  int made = 0;
  const auto counting = made_of([&made](std::string_view payload) {
    ++made;
    return std::string(payload);
  });
  const auto good = typed<std::string>("x", counting);
  EXPECT_EQ(made, 0);
  EXPECT_EQ(&good.value(), &good.value());
  EXPECT_EQ(good.value_if(), &good.value());
  EXPECT_EQ(made, 1);
}

TEST_F(Decoding, AnErrorIsFoundOnceAndThrownEachTime) {
  int tried = 0;
  const auto bad = typed<int>("x", made_of([&tried](std::string_view) -> int {
                                ++tried;
                                throw std::runtime_error("bad magic");
                              }));
  EXPECT_EQ(text_of(bad), text_of(bad));
  EXPECT_THROW(static_cast<void>(bad.value_if()), DecodingFailed);
  EXPECT_EQ(tried, 1);
}

TEST_F(Decoding, AFailureNamesTheMessageAndTheReason) {
  const auto bad = typed<Number>("seven");
  const DecodingFailed failure = failure_of(bad);
  EXPECT_EQ(failure.offset(), Offset{17});
  EXPECT_EQ(failure.topic(), "events");
  EXPECT_EQ(failure.partition(), PartitionNumber{3});
  EXPECT_STREQ(failure.what(),
               "events/3: the payload at offset 17 can't be decoded: std::invalid_argument: not a number");
  EXPECT_THROW(std::rethrow_exception(failure.cause()), std::invalid_argument);
  EXPECT_EQ(bad.payload(), "seven") << "the bytes are still at hand";
  EXPECT_FALSE(failure.worth_retrying());
}

TEST_F(Decoding, MemoryThatIsShortMayBeThereLater) {
  EXPECT_TRUE(failure_of(typed<int>("x", made_of([](std::string_view) -> int { throw std::bad_alloc(); })))
                  .worth_retrying());
}

// So a function that asks somebody else may say that this one was away for a moment.
TEST_F(Decoding, WhatAFunctionSaysOfItsFailureGoesOnAsItIs) {
  const auto away = typed<int>(
      "x", made_of([](const Message& message) -> int { throw MessageFailed(message, "the registry is away"); }));
  try {
    static_cast<void>(away.value());
    FAIL() << "nothing was thrown";
  } catch (const MessageFailed& failure) {
    EXPECT_EQ(dynamic_cast<const DecodingFailed*>(&failure), nullptr);
    EXPECT_STREQ(failure.what(), "the registry is away");
    EXPECT_TRUE(failure.worth_retrying());
  }
  EXPECT_EQ(text_of(typed<int>("x", made_of([](const Message& message) -> int {
                                 throw DecodingFailed(message, "unknown schema 9");
                               }))),
            "events/3: the payload at offset 17 can't be decoded: unknown schema 9");
}

TEST_F(Decoding, AnExceptionOfAnyTypeIsAFailure) {
  const auto bad = typed<int>("x", made_of([](std::string_view) -> int { throw 7; }));
  EXPECT_EQ(text_of(bad), "events/3: the payload at offset 17 can't be decoded: something of type int");
}

TEST_F(Decoding, ATombstoneHasNoValueAndIsNotEmpty) {
  int tried = 0;
  const auto counting = made_of([&tried](std::string_view payload) {
    ++tried;
    return std::string(payload);
  });
  const auto tombstone = typed<std::string>(std::nullopt, counting);
  EXPECT_TRUE(tombstone.is_tombstone());
  EXPECT_EQ(tombstone.value_if(), nullptr);
  EXPECT_EQ(text_of(tombstone),
            "events/3: the payload at offset 17 can't be decoded: it is a tombstone, which has no value; see "
            "is_tombstone() and value_if()");
  EXPECT_FALSE(failure_of(tombstone).worth_retrying());
  EXPECT_EQ(tried, 0);

  const auto empty = typed<std::string>("", counting);
  EXPECT_FALSE(empty.is_tombstone());
  ASSERT_NE(empty.value_if(), nullptr);
  EXPECT_EQ(*empty.value_if(), "");
  EXPECT_EQ(tried, 1);
}

TEST_F(Decoding, WhatIsNoJsonSaysWhere) {
  const auto reason = [&](const std::string& payload) {
    const std::string text = text_of(typed<boost::json::value>(payload));
    return text.substr(text.find("decoded: ") + 9);
  };
  EXPECT_EQ(reason(""), "it is not JSON: incomplete JSON at byte 0");
  EXPECT_EQ(reason("{\"a\":"), "it is not JSON: incomplete JSON at byte 5");
  EXPECT_EQ(reason("{\"a\":tru!}"), "it is not JSON: syntax error at byte 5");
  EXPECT_EQ(reason("{} {}"), "it is not JSON: extra data at byte 3");
  EXPECT_EQ(reason(std::string(100, '[')), "it is not JSON: too deep at byte 32");
  EXPECT_NE(text_of(typed<Event>(R"({"user":"ann"})")).find("out of range"), std::string::npos);
}

TEST_F(Decoding, WhatDoesNotFitNamesBothTypes) {
  const auto reason = [](auto&& ask) -> std::string {
    try {
      ask();
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(reason([&] { typed<std::string>("x", made_of([](std::string_view) { return 1.5; })); }),
            "deserializer: it makes double, and the consumer takes std::string");
  EXPECT_EQ(reason([&] { typed<Number>("x", text()); }),
            "deserializer: text makes no (anonymous namespace)::Number, which the consumer takes; it makes "
            "std::string_view and std::string");
  EXPECT_EQ(reason([&] { typed<Number>("x", json()); }),
            "deserializer: json makes no (anonymous namespace)::Number, which the consumer takes; derive its "
            "braid::Decode from braid::FromJson, or use braid::json<T>()");
  EXPECT_EQ(reason([&] { typed<Opaque>("x"); }),
            "deserializer: it is missing, since (anonymous namespace)::Opaque, which the consumer takes, has no "
            "braid::Decode of its own");
}

RC_GTEST_PROP(JsonValues, AreWhatWasWritten, (const std::map<std::string, std::int64_t>& numbers)) {
  boost::json::object written;
  for (const auto& [name, number] : numbers) {
    std::string ascii;
    for (const char c : name) ascii += static_cast<char>(c & 0x7F);
    written[ascii] = number;
  }
  TestMessages messages;
  messages.add("k", boost::json::serialize(written));
  const TypedMessage<boost::json::value> message(messages[0], detail::decoder_for<boost::json::value>(json()));
  RC_ASSERT(message.value() == written);
}

// Whatever the bytes are: a value that is written as they were read, or a failure; nothing else.
RC_GTEST_PROP(JsonValues, AnyBytesAreAValueOrAFailure, (const std::string& bytes)) {
  TestMessages messages;
  messages.add("k", bytes);
  const TypedMessage<boost::json::value> message(messages[0], detail::decoder_for<boost::json::value>(json()));
  try {
    TestMessages again;
    again.add("k", boost::json::serialize(message.value()));
    const TypedMessage<boost::json::value> read(again[0], detail::decoder_for<boost::json::value>(json()));
    RC_ASSERT(read.value() == message.value());
  } catch (const DecodingFailed& failure) {
    RC_ASSERT(failure.offset() == messages[0].offset());
  }
}

}  // namespace
}  // namespace braid
