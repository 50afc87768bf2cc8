#pragma once

#include <braid/braid.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace braid::application_test {

// What a consumer saw of one message, in the order of processing.
struct Seen {
  std::int32_t partition = 0;
  std::uint32_t index = 0;  // of the virtual partition
  std::uint64_t generation = 0;
  std::int64_t offset = 0;
  std::string key;
  std::string payload;
  std::uint32_t attempt = 1;
};

struct Hook {
  std::string name;  // assigned, tick, end, revoked, stopping
  std::uint64_t object = 0;
  std::int32_t partition = -1;
  std::uint32_t index = 0;
  std::uint64_t generation = 0;
  bool lost = false;
};

// What all recording consumers of one application tell. Shared by the test and the consumers, as these may outlive
// an application's stop. Thread: any; `script` is set before the start.
class Recorder {
 public:
  // Runs first in consume(); what it throws goes on to the framework, and nothing is recorded then.
  std::function<void(Batch&)> script;
  // Runs in each hook, after it was recorded.
  std::function<void(const std::string& name, const VirtualPartition& where)> in_hook;

  // Counts as processed.
  void note(const Batch& batch, const Message& message);
  void hook(Hook hook);
  void enter(const Batch& batch);
  void leave(const Batch& batch) { leave(batch.virtual_partition()); }
  void enter(const VirtualPartition& where);
  void leave(const VirtualPartition& where);

  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::size_t count() const;
  // Different (partition, offset)s.
  [[nodiscard]] std::size_t distinct() const;
  [[nodiscard]] std::vector<Hook> hooks(const std::string& name) const;
  // Sizes of the batches, as consume() got them.
  [[nodiscard]] std::vector<std::size_t> batches() const;
  // How often consume() or a hook ran for a virtual partition that already had one running. Must stay 0.
  [[nodiscard]] int overlaps() const { return overlaps_.load(); }
  // Consumer objects that exist.
  [[nodiscard]] int alive() const { return alive_.load(); }

 private:
  friend class RecordingConsumer;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<Hook> hooks_;
  std::vector<std::size_t> batches_;
  std::map<std::pair<std::int32_t, std::uint32_t>, int> inside_;
  std::map<std::pair<std::int32_t, std::int64_t>, int> distinct_;
  std::atomic<int> overlaps_{0};
  std::atomic<int> alive_{0};
  std::atomic<std::uint64_t> objects_{0};
};

class RecordingConsumer final : public Consumer {
 public:
  explicit RecordingConsumer(std::shared_ptr<Recorder> recorder);
  ~RecordingConsumer() override;

 protected:
  void on_assigned(const VirtualPartition& where) override { hook("assigned", where); }
  void consume(Batch& batch) override;
  void on_tick(const VirtualPartition& where) override { guarded_hook("tick", where); }
  void on_end_of_partition(const VirtualPartition& where) override { guarded_hook("end", where); }
  void on_revoked(const VirtualPartition& where) override { guarded_hook("revoked", where); }
  void on_stopping(const VirtualPartition& where) override { guarded_hook("stopping", where); }

 private:
  void hook(const std::string& name, const VirtualPartition& where);
  // One that must not run beside anything else.
  void guarded_hook(const std::string& name, const VirtualPartition& where);

  std::shared_ptr<Recorder> recorder_;
  std::uint64_t object_;
};

// A door that consumers wait at until the test opens it.
// Thread: any.
class Gate {
 public:
  // Returns when the gate is open.
  void pass();
  void open();
  [[nodiscard]] int waiting() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

// Empty when every key's messages came in the order of their payloads (whole numbers), each once; else the first
// that did not.
[[nodiscard]] std::string order_fault(const std::vector<Seen>& seen);

}  // namespace braid::application_test
