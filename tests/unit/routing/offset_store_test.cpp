// Which routes may name an offset store.

#include "consumers.hpp"

#include <braid/offset_store.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace {

using namespace braid::routing;
using routing_test::lines;
using routing_test::Totals;
using Lines = std::vector<std::string>;

Lines with_topic(const std::function<void(TopicBuilder&)>& set) {
  return lines(validate(draw([&](RoutesBuilder& r) {
    TopicBuilder topic = r.consumer_group("analytics").topic("events");
    topic.consumer<Totals>();
    set(topic);
  })));
}

TEST(Validate, ExternalNeedsAnOffsetStore) {
  EXPECT_EQ(with_topic([](TopicBuilder& t) { t.commit(Commit::When::external); }),
            Lines{"analytics / analytics / events: commit: external needs an offset store"});
  EXPECT_EQ(with_topic([](TopicBuilder& t) {
              t.commit(Commit::When::external).offset_store(std::make_shared<braid::InMemoryOffsetStore>());
            }),
            Lines{});
}

TEST(Validate, AnOffsetStoreNeedsExternal) {
  EXPECT_EQ(with_topic([](TopicBuilder& t) { t.offset_store(std::make_shared<braid::InMemoryOffsetStore>()); }),
            Lines{"analytics / analytics / events: the offset store is not used: positions are kept there under "
                  "commit: external alone"});
}

}  // namespace
