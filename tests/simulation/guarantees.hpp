#pragma once

#include "simulation/fake_log.hpp"
#include "simulation/incarnation.hpp"
#include "simulation/world.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid {
class Batch;
class VirtualPartition;
}  // namespace braid

namespace braid::simulation {

struct FakePartition;

// A job as user code sees it, when it begins.
struct JobFacts {
  int process = 0;
  Incarnation* incarnation = nullptr;  // of its first message
  const Batch* batch = nullptr;
  std::uint32_t virtual_partition = 0;
  const VirtualPartitionFacts* facts = nullptr;  // by which it is judged: a collapsed batch has its own
  bool collapsed = false;
  bool has_begun = false;                     // user code was inside before, for its on_assigned()
  std::optional<ExpectedAttempt> expected{};  // none: a share begins
};

// A hook that is not the last one, as user code sees it, when it begins.
struct HookFacts {
  int process = 0;
  Incarnation* incarnation = nullptr;
  const VirtualPartition* where = nullptr;
  bool tick = false;                         // or an end of the partition
  std::optional<std::int64_t> first_open{};  // of its virtual partition: the first message that is not done
};

// A dead letter on its way, when it is sent.
struct LetterSent {
  FakePartition* partition = nullptr;
  Incarnation* incarnation = nullptr;  // the last one of its process; none: it is over
  std::int64_t offset = 0;
  std::string attempts{};  // that it tells of
};

// What the engine promises, seen from outside: each is told what happens, and speaks up when it must not. They hold
// in every scenario. Thread: one.
class Guarantee {
 public:
  // `check` is what is counted each time that it looks at something.
  Guarantee(World& world, Happening check) : world_(world), check_(check) {}
  virtual ~Guarantee() = default;
  Guarantee(const Guarantee&) = delete;
  Guarantee& operator=(const Guarantee&) = delete;

  [[nodiscard]] virtual const char* name() const = 0;

  // The stored metadata has told what was done before it.
  virtual void done_before_read(const Incarnation&) {}
  virtual void taken(Incarnation&, std::size_t /*out*/) {}
  virtual void job_begins(const JobFacts&) {}
  virtual void job_ends(const JobFacts&) {}
  virtual void hook_begins(int /*process*/, int /*partition*/, const VirtualPartition&) {}
  virtual void hook_ends(int /*process*/, int /*partition*/, const VirtualPartition&) {}
  virtual void call_begins(const HookFacts&) {}
  virtual void call_ends(const HookFacts&) {}
  virtual void commit_sent(const Incarnation&, std::int64_t /*position*/) {}
  virtual void letter_sent(const LetterSent&) {}
  // It was given back in good order, with time to spare.
  virtual void given_back(const Incarnation&) {}
  virtual void commit_applied(FakePartition&, std::int64_t /*position*/) {}
  // With these payloads.
  virtual void transaction_applied(FakePartition&, const Incarnation&, std::int64_t /*position*/,
                                   const std::vector<std::string>& /*sent*/) {}
  // Everything is done, and every process has ended.
  virtual void run_ends() {}

 protected:
  void checked() const { world_.happened(check_); }
  void violated(std::string text) const { world_.fail(name(), std::move(text)); }
  World& world_;

 private:
  Happening check_;
};

struct GuaranteeSetting {
  std::vector<FakePartition*> partitions;
  bool metadata_has_room = true;  // or it may be cut
};

// All of them.
class Guarantees {
 public:
  Guarantees(World& world, const GuaranteeSetting& setting);

  template <class Call>
  void tell(Call&& call) {
    for (const auto& guarantee : all_) call(*guarantee);
  }

 private:
  std::vector<std::unique_ptr<Guarantee>> all_;
};

}  // namespace braid::simulation
