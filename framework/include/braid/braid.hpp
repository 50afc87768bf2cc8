#pragma once

// Everything a program needs: routes, consumers, the application, the producer. Coroutine consumers and executors
// of the host's bring Asio with them, in <braid/async_consumer.hpp>; values from JSON bring Boost.JSON, in
// <braid/json.hpp>.

#include <braid/application.hpp>
#include <braid/batch.hpp>
#include <braid/batch_record.hpp>
#include <braid/consumer.hpp>
#include <braid/deserializer.hpp>
#include <braid/filter.hpp>
#include <braid/handler.hpp>
#include <braid/message.hpp>
#include <braid/message_consumer.hpp>
#include <braid/offset_store.hpp>
#include <braid/partition_control.hpp>
#include <braid/producer.hpp>
#include <braid/recovery.hpp>
#include <braid/routing/consumer_registry.hpp>
#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>
#include <braid/routing/validate.hpp>
#include <braid/settings.hpp>
#include <braid/snapshot.hpp>
#include <braid/ticket.hpp>
#include <braid/topic_positions.hpp>
#include <braid/transactional_producer.hpp>
#include <braid/typed_consumer.hpp>
