#include "engine/listener/batch_shelf.hpp"

namespace braid::engine {

BatchPtr BatchShelf::fresh() {
  if (spare_.empty()) return make_();
  BatchPtr batch = std::move(spare_.back());
  spare_.pop_back();
  spare_room_ -= batch->gathered().capacity();
  return batch;
}

void BatchShelf::reclaim() {
  std::erase_if(retiring_, [&](BatchPtr& batch) {
    if (batch->kept()) return true;  // who keeps it frees it
    if (!batch->unshared()) return false;
    batch->clear();
    const std::size_t room = batch->gathered().capacity();
    if (spare_.size() >= most_.batches || room > most_.room - spare_room_) return true;
    spare_room_ += room;
    spare_.push_back(std::move(batch));
    return true;
  });
}

}  // namespace braid::engine
