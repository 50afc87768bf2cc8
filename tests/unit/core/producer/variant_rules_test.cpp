#include "core/producer/variant_rules.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

template <class Settings>
std::string problems_of(const Settings& settings) {
  std::string all;
  for (const std::string& problem : find_contradictions(settings)) all += problem + "\n";
  return all;
}

TEST(ProducerSettings, AreIdempotentUnlessFewerAcksAreAskedFor) {
  EXPECT_TRUE(is_idempotent({}));
  EXPECT_TRUE(is_idempotent({{"acks", "all"}}));
  EXPECT_TRUE(is_idempotent({{"acks", "-1"}}));
  EXPECT_FALSE(is_idempotent({{"acks", "1"}}));
  EXPECT_FALSE(is_idempotent({{"request.required.acks", "0"}}));
  EXPECT_FALSE(is_idempotent({{"enable.idempotence", "false"}}));
  EXPECT_TRUE(is_idempotent({{"enable.idempotence", "true"}, {"acks", "1"}}));
}

TEST(ProducerSettings, TheDefaultsContradictNothing) {
  EXPECT_EQ(problems_of(ProducerSettings{}), "");
  EXPECT_EQ(problems_of(ProducerSettings{.kafka = {{"acks", "1"}}, .topics = {{"metrics", {.acks = Acks::none}}}}),
            "");
}

TEST(ProducerSettings, FewerAcksContradictIdempotence) {
  EXPECT_NE(problems_of(ProducerSettings{.kafka = {{"enable.idempotence", "true"}, {"acks", "1"}}})
                .find("needs acks=all"),
            std::string::npos);
  const std::string text = problems_of(ProducerSettings{.kafka = {}, .topics = {{"metrics", {.acks = Acks::one}}}});
  EXPECT_EQ(text.find("topic metrics: acks=1 contradicts"), 0U) << text;
  EXPECT_NE(problems_of(ProducerSettings{.kafka = {{"max.in.flight", "6"}}}), "");
  EXPECT_EQ(problems_of(ProducerSettings{.kafka = {{"max.in.flight", "5"}}}), "");
}

TEST(ProducerSettings, WhatCantBeMeantIsSaidWithItsTopic) {
  const std::string text = problems_of(
      ProducerSettings{.kafka = {}, .topics = {{"a", {.compression = "zip"}}, {"b", {.delivery_timeout = 0ms}}}});
  EXPECT_NE(text.find("topic a: compression"), std::string::npos) << text;
  EXPECT_NE(text.find("topic b: delivery_timeout"), std::string::npos) << text;
}

TransactionalProducerSettings transactional(routing::KafkaSettings kafka) {
  return {.kafka = std::move(kafka), .transactional_id = "shop-1"};
}

TEST(TransactionalProducerSettings, TheDefaultsContradictNothing) {
  EXPECT_EQ(problems_of(transactional({})), "");
  EXPECT_EQ(problems_of(transactional({{"acks", "all"}, {"enable.idempotence", "true"}, {"max.in.flight", "5"}})),
            "");
}

TEST(TransactionalProducerSettings, NeedAnIdOfTheirOwn) {
  EXPECT_EQ(problems_of(TransactionalProducerSettings{}),
            "transactional_id is missing: set one that no other producer has, e.g. the name of the service and of "
            "its instance\n");
  EXPECT_EQ(problems_of(TransactionalProducerSettings{.kafka = {{"transactional.id", "shop-1"}}}),
            "the id is set by transactional_id; leave the Kafka setting transactional.id out\n");
}

TEST(TransactionalProducerSettings, NeedWhatTransactionsAreMadeOf) {
  EXPECT_NE(problems_of(transactional({{"acks", "1"}})).find("acks=all"), std::string::npos);
  EXPECT_NE(problems_of(transactional({{"enable.idempotence", "false"}})).find("idempotence"), std::string::npos);
  EXPECT_NE(problems_of(transactional({{"max.in.flight", "6"}})).find("at most 5"), std::string::npos);
  TransactionalProducerSettings never = transactional({});
  never.max_attempts = 0;
  never.max_queued = 0;
  EXPECT_EQ(problems_of(never), "max_attempts must be at least 1\nmax_queued must be at least 1\n");
}

TEST(TopicVariant, IsSaidInLibrdkafkasWords) {
  const auto said = settings_of({.acks = Acks::one,
                                 .compression = "lz4",
                                 .compression_level = 3,
                                 .delivery_timeout = 2s,
                                 .request_timeout = 1500ms,
                                 .partitioner = "fnv1a"});
  EXPECT_EQ(said, (std::map<std::string, std::string>{{"acks", "1"},
                                                      {"compression.codec", "lz4"},
                                                      {"compression.level", "3"},
                                                      {"message.timeout.ms", "2000"},
                                                      {"request.timeout.ms", "1500"},
                                                      {"partitioner", "fnv1a"}}));
}

}  // namespace
}  // namespace braid::core
