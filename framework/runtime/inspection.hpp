#pragma once

#include "adapters/log/spdlog_log.hpp"
#include "engine/instrumentation/counters.hpp"
#include "engine/listener/listener_facts.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/listener/requests.hpp"
#include "engine/threads/guarded_by.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace braid::runtime {

// What any thread may ask of a running application without waiting for its owner: that its connections are quiet,
// and what each of them does. Holds no connection: one that has ended says so.
// Thread: any.
class Inspection {
 public:
  struct Connection {
    std::string name;                          // of its thread
    std::shared_ptr<engine::Mailbox> mailbox;  // null: it has ended
    std::shared_ptr<engine::ListenerFacts> facts;
  };
  struct Steered {
    std::uint32_t partitions = 0;
    bool all_answered = true;
  };
  Inspection(const adapters::SpdlogLog& log, const engine::Counters& counters) : log_(log), counters_(counters) {}

  // One that comes while the application is to be quiet is told so. Takes the place of an earlier one of its name.
  void add(Connection connection);
  // It has ended, or is left to itself: nobody waits for it any more, and what is asked of it is answered here.
  void remove(const std::string& name);

  // All connections take nothing more, those that come too.
  void quiet();
  [[nodiscard]] bool quiet_asked() const;
  // They have finished what they had.
  [[nodiscard]] bool settled() const;

  // Asks each connection. The names are in the order of the request's parts.
  struct Dump {
    std::vector<std::string> names;
    std::shared_ptr<engine::DumpRequest> request;
  };
  [[nodiscard]] Dump begin_dump() const;
  // What has come by now; who has not answered is named.
  [[nodiscard]] std::string text_of(const Dump& dump) const;
  // The same to the log, once all have answered or it is late. False: not yet.
  bool write(const Dump& dump, bool late) const;

  // What each connection does, asked of all at once; who has not answered by then is `silent`.
  [[nodiscard]] std::vector<ConnectionSnapshot> snapshots(engine::Time until) const;
  // How many partitions it was about, by then.
  [[nodiscard]] Steered steer(engine::SteerOrder order, engine::Time until) const;

 private:
  const adapters::SpdlogLog& log_;
  const engine::Counters& counters_;
  mutable std::mutex mutex_;
  std::vector<Connection> connections_ BRAID_GUARDED_BY(mutex_);
  bool quiet_ BRAID_GUARDED_BY(mutex_) = false;
};

// The threads of this process as the system knows them, a line each: number, name, state, CPU time.
[[nodiscard]] std::string describe_threads();

}  // namespace braid::runtime
