#include "engine/worker/batch_access.hpp"
#include "engine/worker/share.hpp"

#include <braid/message_consumer.hpp>

namespace braid {

void MessageConsumer::consume(Batch& batch) {
  engine::Share& share = engine::BatchAccess::share(batch);
  begin_batch(batch);
  for (const Message& message : batch) {
    share.take_in_hand(&message);
    consume(message);
    share.mark_through(message.offset());
    share.keep_records();
  }
}

}  // namespace braid
