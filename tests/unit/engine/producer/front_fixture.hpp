#pragma once

#include "engine/producer/producer_front.hpp"
#include "unit/engine/producer/hand_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace braid::engine {

inline Record record(std::string_view payload) {
  Record made;
  made.topic = "orders";
  made.payload = payload;
  return made;
}

class ProducerFrontTest : public ::testing::Test {
 protected:
  ~ProducerFrontTest() override { front().close(0ms); }

  // Before the first call; the front is made with it.
  ProducerFront::Rules rules;
  ProducerEngine::Options options{.max_wait_for_room = 0ms};
  HandClient* const client = new HandClient;  // the engine's
  std::shared_ptr<KeptLines> log = std::make_shared<KeptLines>();

  ProducerFront& front() {
    if (!front_) {
      front_ = std::make_unique<ProducerFront>(
          std::make_unique<ProducerEngine>("test-p", std::unique_ptr<ProducerClient>(client), log, options), log,
          rules);
    }
    return *front_;
  }
  [[nodiscard]] std::vector<std::string> taken() const { return client->taken(); }

 private:
  std::unique_ptr<ProducerFront> front_;
};

}  // namespace braid::engine
