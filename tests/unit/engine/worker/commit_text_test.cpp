#include "engine/worker/commit_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace braid::engine {
namespace {

TEST(CommitText, GoesOnWithWhatWasStored) {
  CommitText text(100);
  text.start_with("shard 7");
  EXPECT_EQ(text.stored(), "shard 7");
  EXPECT_EQ(text.text(), "shard 7");
  EXPECT_EQ(text.revision(), 0U) << "nothing new to commit";
}

TEST(CommitText, TheLastOneThatWasSetRidesAlong) {
  CommitText text(100);
  text.start_with("shard 7");
  text.set("shard 8");
  text.set("shard 9");
  EXPECT_EQ(text.text(), "shard 9");
  EXPECT_EQ(text.stored(), "shard 7");
  const auto revision = text.revision();
  EXPECT_GT(revision, 0U);
  text.set("shard 9");
  EXPECT_EQ(text.revision(), revision) << "the same again is no reason to commit";
  text.set("");
  EXPECT_EQ(text.text(), "");
}

TEST(CommitText, RefusesWhatCantRideAlong) {
  CommitText text(100);
  text.set("good");
  EXPECT_THROW(text.set(std::string(87, 'x')), std::invalid_argument);
  EXPECT_THROW(text.set("two\nlines"), std::invalid_argument);
  EXPECT_THROW(text.set("\xC3\xA4"), std::invalid_argument);
  EXPECT_EQ(text.text(), "good");
  CommitText none(0);
  EXPECT_THROW(none.set("x"), std::invalid_argument);
}

TEST(CommitText, WhatWasStoredUnderAWiderLimitIsReadAndNotSentOn) {
  CommitText text(20);
  text.start_with("longer than six bytes");
  EXPECT_EQ(text.stored(), "longer than six bytes");
  EXPECT_EQ(text.text(), "");
}

}  // namespace
}  // namespace braid::engine
