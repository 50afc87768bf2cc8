#include "engine/listener/share_offsets.hpp"

#include "core/offsets/returned_offsets.hpp"

#include <cstdint>

namespace braid::engine {

namespace {

void tell_given_up(Share& share, core::PartitionOffsets& offsets) {
  if (share.recovery() == nullptr) return;
  for (const std::uint32_t index : share.recovery()->given_up) {
    if (!share.is_parked(index)) offsets.done(share.messages()[index].offset());
  }
}

// Returning says that all of a share is done; marks say it earlier, of a part.
class AutomaticOffsets final : public ShareOffsets {
 public:
  AutomaticOffsets(core::PartitionOffsets& offsets, bool whole_ranges)
      : offsets_(offsets), whole_ranges_(whole_ranges) {}

  void fold(Share& share) override {
    const std::uint32_t marked = share.marked();
    for (; share.folded < marked; ++share.folded) {
      if (!share.is_parked(share.folded)) offsets_.done(share.messages()[share.folded].offset());
    }
  }
  void given_up(Share& share) override { tell_given_up(share, offsets_); }
  void fold_returned() override {}
  void settled(RunningBatch& batch) override {
    if (whole_ranges_ && !batch.parks()) {
      offsets_.done_range(batch.first(), batch.last());
      return;
    }
    for (Share& share : batch.shares()) fold(share);
  }
  [[nodiscard]] std::size_t returned() const override { return 0; }

 private:
  core::PartitionOffsets& offsets_;
  const bool whole_ranges_;
};

// Only marks say it, of any share of the virtual partition, and when it has long returned.
class ManualOffsets final : public ShareOffsets {
 public:
  ManualOffsets(Assignment& assignment, core::PartitionOffsets& offsets)
      : assignment_(assignment), offsets_(offsets) {}

  void fold(Share& share) override {
    // Marks may cover what is still on its way to dead letters.
    const Offset marked = share.done_through();
    const auto messages = share.messages();
    for (; share.folded < messages.size() && messages[share.folded].offset() <= marked; ++share.folded) {
      if (!share.is_parked(share.folded)) offsets_.done(messages[share.folded].offset());
    }
  }
  void given_up(Share& share) override { tell_given_up(share, offsets_); }
  void fold_returned() override {
    returned_.take_marked([this](VirtualPartitionIndex index) { return assignment_.marks(index)->marked(); },
                          [this](Offset offset) { offsets_.done(offset); });
  }
  void settled(RunningBatch& batch) override {
    for (Share& share : batch.shares()) {
      fold(share);
      given_up(share);
      for (std::uint32_t i = share.folded; i < share.size(); ++i) {
        if (!share.is_given_up(i)) returned_.add(share.virtual_partition(), share.messages()[i].offset());
      }
    }
  }
  [[nodiscard]] std::size_t returned() const override { return returned_.size(); }

 private:
  Assignment& assignment_;
  core::PartitionOffsets& offsets_;
  core::ReturnedOffsets returned_;
};

}  // namespace

std::unique_ptr<ShareOffsets> make_share_offsets(Assignment& assignment, core::PartitionOffsets& offsets,
                                                 bool whole_ranges) {
  if (assignment.topic().offsets == routing::Offsets::manual) {
    return std::make_unique<ManualOffsets>(assignment, offsets);
  }
  return std::make_unique<AutomaticOffsets>(offsets, whole_ranges);
}

}  // namespace braid::engine
