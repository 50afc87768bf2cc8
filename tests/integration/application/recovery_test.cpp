// Failures of all kinds at once on real Kafka: poison, what passes in the end, a dead letter topic that is not
// there yet, a broker that restarts; and the dead letters' way back.

#include "integration/application/kafka_fixture.hpp"
#include "mock/apps/program.hpp"

#include <braid/recovery.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <tuple>

namespace braid::integration {
namespace {

constexpr int kMessages = 20'000;
constexpr int kKeys = 97;  // no divisor in common with what follows, so that each kind meets all keys
constexpr int kPartitions = 3;

// By its number, which key and payload tell.
bool is_poison(int number) {
  return number % 100 == 37;
}
bool is_transient(int number) {
  return number % 20 == 5;
}

int number_in(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}
int number_of(const Message& message) {
  return number_in(message.payload()) * kKeys + number_in(message.key().substr(1));
}

// Which messages were done, and in what order for each key. Thread: any.
class Ledger {
 public:
  // Counts the attempts of what fails twice.
  bool fails_still(int number) {
    const std::scoped_lock lock(mutex_);
    return failures_[number]++ < 2;
  }
  void done(const Message& message) {
    const std::scoped_lock lock(mutex_);
    const int number = number_of(message);
    if (!done_.insert(number).second) {
      ++repeated_;
      return;
    }
    auto& last = last_of_key_[std::string(message.key())];
    if (number < last) ++out_of_order_;
    last = number;
  }
  [[nodiscard]] std::size_t count() const {
    const std::scoped_lock lock(mutex_);
    return done_.size();
  }
  [[nodiscard]] std::set<int> numbers() const {
    const std::scoped_lock lock(mutex_);
    return done_;
  }
  [[nodiscard]] int out_of_order() const {
    const std::scoped_lock lock(mutex_);
    return out_of_order_;
  }
  [[nodiscard]] int repeated() const {
    const std::scoped_lock lock(mutex_);
    return repeated_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, int> failures_;
  std::set<int> done_;
  std::map<std::string, int> last_of_key_;
  int out_of_order_ = 0;
  int repeated_ = 0;
};

// Marks as it goes, and does not say which message failed.
class Shaky final : public Consumer {
 public:
  Shaky(Ledger& ledger, bool mended) : ledger_(ledger), mended_(mended) {}

 protected:
  void consume(Batch& batch) override {
    for (const Message& message : batch) {
      const int number = number_of(message);
      if (!mended_ && is_poison(number)) throw std::runtime_error("poison " + std::to_string(number));
      if (!mended_ && is_transient(number) && ledger_.fails_still(number)) throw std::runtime_error("not yet");
      ledger_.done(message);
      batch.mark(message);
    }
  }

 private:
  Ledger& ledger_;
  const bool mended_;
};

struct Letter {
  int number = -1;
  std::string key;
  std::map<std::string, std::string> headers;
};

// Keeps what comes. Thread: any.
class Letters {
 public:
  void take(const Message& message) {
    Letter letter{number_of(message), std::string(message.key()), {}};
    for (const Header& header : message.headers())
      letter.headers[std::string(header.name)] = header.value.value_or("");
    const std::scoped_lock lock(mutex_);
    letters_.push_back(std::move(letter));
  }
  [[nodiscard]] std::vector<Letter> all() const {
    const std::scoped_lock lock(mutex_);
    return letters_;
  }
  [[nodiscard]] std::set<int> numbers() const {
    std::set<int> found;
    for (const Letter& letter : all()) found.insert(letter.number);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Letter> letters_;
};

class RecoveryOnKafka : public KafkaTest, public ::testing::WithParamInterface<Flow> {
 protected:
  [[nodiscard]] routing::Routes routes(Ledger& ledger, bool mended) const {
    return routing::draw([&](routing::RoutesBuilder& r) {
      r.consumer_group(group)
          .topic(topic)
          .consumer("shaky", [&ledger, mended] { return std::make_unique<Shaky>(ledger, mended); })
          .flow(GetParam())
          .max_messages(60)
          .virtual_partitions({.max_partitions = 32})
          .retries({.max = 3, .backoff = fixed(5ms)})
          .dead_letter(letters_topic);
    });
  }

  std::string letters_topic = unique_name("letters");
};

TEST_P(RecoveryOnKafka, EveryMessageIsProcessedOrDeadLetteredAsItShouldBeAndComesBack) {
  KafkaCluster cluster = KafkaCluster::start({.settings = {{"auto.create.topics.enable", "false"}}});
  KafkaAdmin admin(cluster.bootstrap());
  admin.create_topic(topic, kPartitions);
  std::set<int> poison;
  std::set<int> wholesome;
  for (int number = 0; number < kMessages; ++number) (is_poison(number) ? poison : wholesome).insert(number);

  KeyedProducer producer(cluster.bootstrap(), topic, kKeys);
  producer.send(kMessages);
  ASSERT_EQ(producer.finish(), 0);
  Ledger ledger;
  Application app(settings(cluster.bootstrap()), routes(ledger, false));
  app.start();
  // The topic of the dead letters is not there, and what waits for it is not lost.
  ASSERT_TRUE(eventually([&] { return app.figures().dead_letters_failed > 0 || app.figures().retries > 10; }));
  admin.create_topic(letters_topic, 2);
  ASSERT_TRUE(eventually([&] { return app.figures().dead_letters > poison.size() / 10; }, 60s));
  cluster.kill(1);
  cluster.restart(1);
  EXPECT_TRUE(eventually([&] { return ledger.count() >= wholesome.size(); }, 90s)) << ledger.count();
  EXPECT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 60s));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(ledger.numbers(), wholesome);
  const int out_of_order = ledger.out_of_order();
  EXPECT_EQ(out_of_order, 0);

  // What is in the dead letter topic.
  Letters letters;
  Application reader(
      settings(cluster.bootstrap()), routing::draw([&](routing::RoutesBuilder& r) {
        r.consumer_group(unique_name("clerk")).topic(letters_topic).handle([&](const Message& letter) {
          letters.take(letter);
        });
      }));
  reader.start();
  EXPECT_TRUE(eventually([&] { return letters.numbers().size() >= poison.size(); }, 60s));
  reader.stop();
  EXPECT_EQ(letters.numbers(), poison);
  namespace names = dead_letter_headers;
  std::set<std::tuple<std::string, std::string>> identities;
  for (const Letter& letter : letters.all()) {
    const auto header = [&](std::string_view name) {
      const auto found = letter.headers.find(std::string(name));
      return found == letter.headers.end() ? std::string("none") : found->second;
    };
    EXPECT_EQ(header(names::kTopic), topic);
    EXPECT_EQ(header(names::kGroup), group);
    EXPECT_EQ(header(names::kErrorText), "poison " + std::to_string(letter.number));
    EXPECT_EQ(header(names::kErrorType), "std::runtime_error");
    EXPECT_GE(number_in(header(names::kAttempts)), 1);
    EXPECT_LT(number_in(header(names::kPartition)), kPartitions);
    EXPECT_LE(header(names::kFirstFailure), header(names::kLastFailure));
    identities.emplace(header(names::kPartition), header(names::kOffset));
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_EQ(identities.size(), poison.size());

  // The consumer is mended, and the letters go back.
  app_test::Program replay(app_test::braid_program(), {"dlq", "replay", "--bootstrap", cluster.bootstrap(),
                                                       "--topic", letters_topic, "--group", unique_name("replay")});
  EXPECT_EQ(replay.wait(60s), 0) << replay.out() << replay.err();
  Application mended(settings(cluster.bootstrap()), routes(ledger, true));
  mended.start();
  EXPECT_TRUE(eventually([&] { return ledger.count() >= kMessages; }, 60s)) << ledger.count();
  EXPECT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 60s));
  EXPECT_TRUE(mended.stop().in_time);
  std::printf(
      "RESULT name=integration.recovery flow=%s messages=%d poison=%zu lost=%zu dead_letters=%zu "
      "dead_letters_repeated=%zu repeated=%d retries=%llu out_of_order=%d\n",
      GetParam() == Flow::batch ? "batch" : "continuous", kMessages, poison.size(),
      static_cast<std::size_t>(kMessages) - ledger.count(), letters.numbers().size(),
      letters.all().size() - letters.numbers().size(), ledger.repeated(),
      static_cast<unsigned long long>(app.figures().retries), out_of_order);
}

INSTANTIATE_TEST_SUITE_P(Flows, RecoveryOnKafka, ::testing::Values(Flow::batch, Flow::continuous),
                         [](const auto& flow) { return flow.param == Flow::batch ? "batch" : "continuous"; });

}  // namespace
}  // namespace braid::integration
