// `clickstream ingest`: what it does where it is interrupted, killed, refused, or held up.

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/clients.hpp"
#include "apps/clickstream/src/streaming/ingest.hpp"
#include "mock/application/eventually.hpp"
#include "mock/apps/program.hpp"
#include "unit/apps/clickstream/temporary_file.hpp"

#include <braid/braid.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid::app_test {
namespace {

using application_test::eventually;
using application_test::kDeadline;
using clickstream::TemporaryFile;
using testing::EmbeddedCluster;
using Arguments = std::vector<std::string>;
using namespace std::chrono_literals;

// Events 0 to count - 1, each of a user of its own, on lines 2 to count + 1.
std::string events(int count) {
  std::string content(clickstream::standard_header);
  for (int i = 0; i < count; ++i) {
    content += "\n2019-10-01 00:00:00 UTC,view,1,2,,,10.00," + std::to_string(i) + ",s1";
  }
  return content + "\n";
}

int number(const std::string& out, const std::string& name) {
  const std::size_t at = out.find(" " + name + "=");
  return at == std::string::npos ? -1 : std::stoi(out.substr(at + name.size() + 2));
}

class ClickstreamResume : public ::testing::Test {
 protected:
  ~ClickstreamResume() override { std::filesystem::remove(position); }

  [[nodiscard]] Arguments arguments(const Arguments& more = {}) const {
    Arguments all{"ingest",       "--csv", csv.path().string(), "--bootstrap", cluster.bootstrap(), "--resume",
                  "--batch-size", "65536", "--linger",          "20",          "--compression",     "gzip"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // The last line up to which all were acknowledged, as it is kept; 0: none is.
  [[nodiscard]] int kept_line() const {
    std::ifstream file(position);
    std::string word;
    std::uint64_t offset = 0;
    int line = 0;
    file >> word >> offset >> line;
    return line;
  }
  // How often each user's event has arrived, once `users` of them have.
  [[nodiscard]] std::map<std::string, int> arrived(std::size_t users) const {
    std::mutex mutex;
    std::map<std::string, int> seen;
    auto routes = routing::draw([&](routing::RoutesBuilder& r) {
      r.consumer_group("reader").topic("ecommerce.events").handle([&](const Message& message) {
        const std::scoped_lock lock(mutex);
        ++seen[std::string(message.key())];
      });
    });
    Application reader({.kafka = {{"bootstrap.servers", cluster.bootstrap()}}, .log_level = LogLevel::warning},
                       std::move(routes));
    reader.start();
    const auto all_seen = [&] {
      const std::scoped_lock lock(mutex);
      return seen.size() >= users;
    };
    EXPECT_TRUE(eventually(all_seen));
    reader.stop();
    return seen;
  }

  static constexpr int kEvents = 4'000;
  const TemporaryFile csv{events(kEvents)};
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"ecommerce.events", 2, 1}}}};
  const std::string position = csv.path().string() + ".ecommerce.events.position";
};

TEST_F(ClickstreamResume, GoesOnBehindWhatWasAcknowledgedBeforeAnInterruption) {
  int sent = 0;
  {
    Program ingest(clickstream_program(), arguments({"--acks", "1", "--rate", "1000"}));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(position); })) << ingest.err();
    ingest.signal(SIGINT);
    EXPECT_EQ(ingest.wait(30s), 130) << ingest.err();
    sent = number(ingest.out(), "events");
    ASSERT_GT(sent, 0) << ingest.out();
    ASSERT_LT(sent, kEvents);
  }
  Program rest(clickstream_program(), arguments());
  EXPECT_EQ(rest.wait(kDeadline), 0) << rest.err();
  EXPECT_EQ(number(rest.out(), "events"), kEvents - sent) << rest.out();
  Program again(clickstream_program(), arguments());
  EXPECT_EQ(again.wait(kDeadline), 0) << again.err();
  EXPECT_EQ(number(again.out(), "events"), 0) << again.out();
}

// The position is kept each second: what was sent since then, and was not acknowledged yet, is sent again.
TEST_F(ClickstreamResume, BehindAKillSendsEveryLineAndFewTwice) {
  constexpr int kRate = 500;
  {
    Program ingest(clickstream_program(), arguments({"--rate", std::to_string(kRate)}));
    ASSERT_TRUE(eventually([&] { return kept_line() > kRate; })) << ingest.err();
    ingest.signal(SIGKILL);
    EXPECT_EQ(ingest.wait(30s), 128 + SIGKILL);
  }
  const int kept = kept_line();
  ASSERT_LT(kept, kEvents);
  Program rest(clickstream_program(), arguments());
  EXPECT_EQ(rest.wait(kDeadline), 0) << rest.err();
  EXPECT_EQ(number(rest.out(), "events"), kEvents - (kept - 1)) << rest.out();
  const auto seen = arrived(kEvents);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kEvents)) << "lines are lost";
  int twice = 0;
  for (const auto& [user, times] : seen) twice += times - 1;
  EXPECT_LE(twice, 4 * kRate) << "a second's, and on a slow machine some more";
}

TEST_F(ClickstreamResume, StopsAtTheFirstLineThatCannotBeSentAndGoesOnThere) {
  constexpr int kWrong = 2'000;  // the line
  std::string content = events(kEvents);
  std::string wrong = "2019-10-01 00:00:00 UTC,view,1,2,," + std::string(3'000, 'x') + ",10.00,1998,s1";
  const std::string right = "2019-10-01 00:00:00 UTC,view,1,2,,,10.00,1998,s1";
  const std::size_t at = content.find(right);
  ASSERT_NE(at, std::string::npos);
  std::string broken = content;
  broken.replace(at, right.size(), wrong);
  const auto become = [&](const std::string& text) {
    std::ofstream(csv.path(), std::ios::binary | std::ios::trunc) << text;
  };
  become(broken);
  const Arguments small = arguments({"--kafka", "message.max.bytes=2000"});
  Program ingest(clickstream_program(), small);
  EXPECT_EQ(ingest.wait(kDeadline), 1) << ingest.out();
  EXPECT_NE(ingest.err().find("line " + std::to_string(kWrong) + ": "), std::string::npos) << ingest.err();
  EXPECT_NE(ingest.err().find("goes on behind line 1,999"), std::string::npos) << ingest.err();
  EXPECT_EQ(number(ingest.out(), "events"), kWrong - 2) << ingest.out();
  EXPECT_EQ(kept_line(), kWrong - 1);

  become(content);
  Program rest(clickstream_program(), small);
  EXPECT_EQ(rest.wait(kDeadline), 0) << rest.err();
  EXPECT_EQ(number(rest.out(), "events"), kEvents - (kWrong - 2)) << rest.out();
  const auto seen = arrived(kEvents);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kEvents));
  for (const auto& [user, times] : seen) EXPECT_EQ(times, 1) << user;
}

TEST_F(ClickstreamResume, AFileWithOtherContentIsRefused) {
  {
    Program ingest(clickstream_program(), arguments());
    EXPECT_EQ(ingest.wait(kDeadline), 0) << ingest.err();
  }
  std::string other = events(kEvents);
  other[clickstream::standard_header.size() + 1] = '3';
  std::ofstream(csv.path(), std::ios::binary | std::ios::trunc) << other;
  Program ingest(clickstream_program(), arguments());
  EXPECT_EQ(ingest.wait(kDeadline), 1) << ingest.out();
  EXPECT_NE(ingest.err().find("is of another file than"), std::string::npos) << ingest.err();
  EXPECT_EQ(ingest.out().find("RESULT"), std::string::npos) << ingest.out();
}

TEST_F(ClickstreamResume, NeedsAcknowledgements) {
  for (const Arguments& none :
       {Arguments{"--acks", "0"}, {"--kafka", "acks=0"}, {"--kafka", "request.required.acks=0"}}) {
    Program ingest(clickstream_program(), arguments(none));
    EXPECT_EQ(ingest.wait(kDeadline), 2) << none.back();
    EXPECT_NE(ingest.err().find("--resume needs acknowledgements"), std::string::npos) << ingest.err();
  }
  EXPECT_EQ(kept_line(), 0);
}

// Nothing but tenths, each on a line of its own, where nobody watches.
TEST_F(ClickstreamResume, DrawsNoBarWhereThereIsNoTerminal) {
  Program ingest(clickstream_program(), arguments());
  EXPECT_EQ(ingest.wait(kDeadline), 0) << ingest.err();
  EXPECT_EQ(ingest.out().find_first_of("\r\x1b"), std::string::npos) << ingest.out();
  EXPECT_NE(ingest.out().find("read 100 %"), std::string::npos) << ingest.out();
}

// No broker takes anything: the file is not read on into memory.
TEST(ClickstreamIngest, AFullQueueHoldsTheReaderBack) {
  const TemporaryFile csv(events(200'000));
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"ecommerce.events", 2, 1}}}};
  auto settings = clickstream::producer_settings(cluster.bootstrap(), {});
  settings.max_queued = 1'000;
  settings.max_wait_for_room = 20ms;
  settings.log_level = LogLevel::off;
  Producer producer(settings);
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  clickstream::CsvReader reader(csv.path());
  clickstream::Ingest ingest(reader, producer, {.topic = "ecommerce.events", .run = {}});
  auto sending = std::async(std::launch::async, [&] { ingest.run(); });
  EXPECT_TRUE(eventually([&] { return producer.outstanding() >= settings.max_queued; }));
  // Until it stands still.
  std::uint64_t read = 0;
  EXPECT_TRUE(eventually([&] {
    const std::uint64_t before = std::exchange(read, ingest.bytes_read());
    std::this_thread::sleep_for(50ms);
    return read == before && ingest.bytes_read() == before;
  }));
  EXPECT_LT(read, std::filesystem::file_size(csv.path()) / 4);
  EXPECT_LE(producer.outstanding(), settings.max_queued + 1);
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  sending.get();
  EXPECT_EQ(ingest.delivered(), 200'000U);
}

}  // namespace
}  // namespace braid::app_test
