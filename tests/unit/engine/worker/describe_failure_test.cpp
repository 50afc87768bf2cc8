#include "engine/worker/describe_failure.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace braid::engine {

struct StoreAway : std::runtime_error {
  using std::runtime_error::runtime_error;
  struct ForGood {};
};

namespace {

TEST(DescribeFailure, AnExceptionIsItsTypeAndText) {
  EXPECT_EQ(describe_failure(std::make_exception_ptr(std::runtime_error("the store is away"))),
            "std::runtime_error: the store is away");
}

TEST(DescribeFailure, TheTypeIsTheOneThrownNotItsBase) {
  EXPECT_EQ(describe_failure(std::make_exception_ptr(StoreAway("still"))), "braid::engine::StoreAway: still");
}

TEST(DescribeFailure, WithNestedExceptionsTheOuterOneSpeaks) {
  std::exception_ptr failure;
  try {
    try {
      throw std::logic_error("inner");
    } catch (...) {
      std::throw_with_nested(StoreAway("outer"));
    }
  } catch (...) {
    failure = std::current_exception();
  }
  const std::string text = describe_failure(failure);
  EXPECT_NE(text.find("StoreAway"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(": outer")) << text;
}

TEST(DescribeFailure, WhatIsNoExceptionIsItsType) {
  EXPECT_EQ(describe_failure(std::make_exception_ptr(42)), "something of type int");
  EXPECT_EQ(describe_failure(std::make_exception_ptr(StoreAway::ForGood{})),
            "something of type braid::engine::StoreAway::ForGood");
}

TEST(DescribeFailure, NothingIsNothing) {
  EXPECT_EQ(describe_failure(nullptr), "nothing");
}

// A handler may be at work on another exception meanwhile.
TEST(DescribeFailure, ItIsTheFailureAskedForThatIsDescribed) {
  const auto asked = std::make_exception_ptr(1.5);
  try {
    throw 42;
  } catch (...) {
    EXPECT_EQ(describe_failure(asked), "something of type double");
    EXPECT_EQ(describe_failure(std::current_exception()), "something of type int");
  }
}

}  // namespace
}  // namespace braid::engine
