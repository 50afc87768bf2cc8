#include <braid/event.hpp>

#include <array>
#include <utility>

namespace braid {

namespace {

template <std::size_t... Kinds>
constexpr std::array<std::string_view, kEventKinds> names(std::index_sequence<Kinds...>) {
  return {std::variant_alternative_t<Kinds, Event>::kName...};
}

}  // namespace

std::string_view event_name(std::size_t kind) {
  static constexpr auto kNames = names(std::make_index_sequence<kEventKinds>());
  return kNames.at(kind);
}

namespace events {

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return "done";
    case Outcome::open:
      return "open";
    case Outcome::failed:
      return "failed";
  }
  return "unknown";
}

std::string_view name_of(Next next) {
  switch (next) {
    case Next::go_on:
      return "go_on";
    case Next::retry:
      return "retry";
    case Next::singly:
      return "singly";
    case Next::dead_letter:
      return "dead_letter";
    case Next::skip:
      return "skip";
    case Next::park:
      return "park";
    case Next::drop:
      return "drop";
    case Next::stop:
      return "stop";
  }
  return "unknown";
}

std::string_view name_of(ErrorType type) {
  switch (type) {
    case ErrorType::application:
      return "application";
    case ErrorType::client:
      return "client";
    case ErrorType::partitioner:
      return "partitioner";
    case ErrorType::filter:
      return "filter";
    case ErrorType::hook:
      return "hook";
    case ErrorType::position:
      return "position";
  }
  return "unknown";
}

std::string_view name_of(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::other:
      return "other";
    case Error::Kind::broker_unreachable:
      return "broker_unreachable";
    case Error::Kind::unknown_topic:
      return "unknown_topic";
    case Error::Kind::not_authorized:
      return "not_authorized";
    case Error::Kind::invalid_setting:
      return "invalid_setting";
    case Error::Kind::timed_out:
      return "timed_out";
    case Error::Kind::queue_full:
      return "queue_full";
    case Error::Kind::stale_member:
      return "stale_member";
    case Error::Kind::message_too_large:
      return "message_too_large";
    case Error::Kind::closed:
      return "closed";
    case Error::Kind::invalid_record:
      return "invalid_record";
    case Error::Kind::refused:
      return "refused";
    case Error::Kind::fenced:
      return "fenced";
    case Error::Kind::aborted:
      return "aborted";
    case Error::Kind::not_committed:
      return "not_committed";
    case Error::Kind::in_doubt:
      return "in_doubt";
  }
  return "unknown";
}

}  // namespace events

}  // namespace braid
