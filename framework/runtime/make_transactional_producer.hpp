#pragma once

#include "engine/transactions/transactional_engine.hpp"
#include "engine/transactions/transactional_pool.hpp"

#include <braid/transactional_producer.hpp>

#include <cstddef>
#include <memory>

namespace braid::runtime {

// A whole transactional producer, as these settings have it. Throws what TransactionalProducer's constructor does.
[[nodiscard]] std::shared_ptr<engine::TransactionalEngine> make_transactional_producer(
    const TransactionalProducerSettings& settings);

// The same for a pool of so many.
[[nodiscard]] std::shared_ptr<engine::TransactionalPool> make_transactional_pool(
    const TransactionalProducerSettings& settings, std::size_t size);

}  // namespace braid::runtime
