#pragma once

#include <braid/routing/routes.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace braid::routing {

// What files, problems and describe() call the values of an option.
template <class Value>
struct Named {
  std::string_view name;
  Value value;
};

inline constexpr std::array kFlowNames{Named<Flow>{"batch", Flow::batch},
                                       Named<Flow>{"continuous", Flow::continuous}};
inline constexpr std::array kOrderNames{Named<Order>{"unordered", Order::unordered},
                                        Named<Order>{"by_key", Order::by_key},
                                        Named<Order>{"by_partition", Order::by_partition}};
// Those that need no function.
inline constexpr std::array kReducerNames{Named<Reducer::Kind>{"hash", Reducer::Kind::hash},
                                          Named<Reducer::Kind>{"balanced", Reducer::Kind::balanced},
                                          Named<Reducer::Kind>{"sticky", Reducer::Kind::sticky}};
inline constexpr std::array kNullKeysNames{Named<NullKeys>{"round_robin", NullKeys::round_robin},
                                           Named<NullKeys>{"together", NullKeys::together}};
inline constexpr std::array kInitialOffsetNames{Named<InitialOffset>{"earliest", InitialOffset::earliest},
                                                Named<InitialOffset>{"latest", InitialOffset::latest},
                                                Named<InitialOffset>{"fail", InitialOffset::fail}};
inline constexpr std::array kOffsetsNames{Named<Offsets>{"automatic", Offsets::automatic},
                                          Named<Offsets>{"manual", Offsets::manual}};
inline constexpr std::array kCommitNames{Named<Commit::When>{"interval", Commit::When::interval},
                                         Named<Commit::When>{"after_batch", Commit::When::after_batch},
                                         Named<Commit::When>{"each_message", Commit::When::each_message},
                                         Named<Commit::When>{"manual", Commit::When::manual},
                                         Named<Commit::When>{"before_processing", Commit::When::before_processing},
                                         Named<Commit::When>{"external", Commit::When::external}};
inline constexpr std::array kDeliveryNames{Named<Delivery>{"at_least_once", Delivery::at_least_once},
                                           Named<Delivery>{"exactly_once", Delivery::exactly_once}};
inline constexpr std::array kOnTicketTimeoutNames{Named<OnTicketTimeout>{"stop", OnTicketTimeout::stop},
                                                  Named<OnTicketTimeout>{"retry", OnTicketTimeout::retry}};
inline constexpr std::array kOnFailureNames{Named<OnFailure>{"isolate", OnFailure::isolate},
                                            Named<OnFailure>{"collapse", OnFailure::collapse}};
inline constexpr std::array kOnExhaustedNames{
    Named<OnExhausted>{"dead_letter", OnExhausted::dead_letter}, Named<OnExhausted>{"skip", OnExhausted::skip},
    Named<OnExhausted>{"park", OnExhausted::park}, Named<OnExhausted>{"stop", OnExhausted::stop}};
inline constexpr std::array kThrottleByNames{Named<FilterSettings::By>{"partition", FilterSettings::By::partition},
                                             Named<FilterSettings::By>{"key", FilterSettings::By::key}};

// "?" for a value that has no name.
template <class Value, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(const std::array<Named<Value>, N>& names, Value value) {
  for (const Named<Value>& each : names) {
    if (each.value == value) return each.name;
  }
  return "?";
}

}  // namespace braid::routing
