#pragma once

// Everything a program needs: routes, consumers, the application, the producer.

#include <braid/application.hpp>
#include <braid/batch.hpp>
#include <braid/consumer.hpp>
#include <braid/message.hpp>
#include <braid/producer.hpp>
#include <braid/routing/consumer_registry.hpp>
#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>
#include <braid/routing/validate.hpp>
#include <braid/settings.hpp>
