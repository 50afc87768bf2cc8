#include "apps/clickstream/src/totals_rows.hpp"

#include <algorithm>

namespace clickstream {
namespace {

std::string number_of(const char* what, std::uint64_t actual, std::uint64_t expected) {
  if (actual == expected) return {};
  return std::string(what) + " " + std::to_string(actual) + " instead of " + std::to_string(expected) + "; ";
}

}  // namespace

void TotalsRows::add(const Event& event) {
  if (counts.events == 0) counts.first_time = counts.last_time = event.event_time;
  ++counts.events;
  counts.first_time = std::min(counts.first_time, event.event_time);
  counts.last_time = std::max(counts.last_time, event.event_time);
  bool bought = false;
  switch (event.event_type) {
    case EventType::view:
      ++counts.views;
      ++views[event.product_id];
      break;
    case EventType::cart:
      ++counts.carts;
      break;
    case EventType::remove_from_cart:
      ++counts.removals;
      break;
    case EventType::purchase:
      ++counts.purchases;
      counts.revenue_cents += event.price_cents;
      bought = true;
      break;
  }
  bool& session = sessions.try_emplace(std::string(event.user_session), false).first->second;
  session = session || bought;
  users.insert(event.user_id);
}

std::string difference(const TotalsRows& actual, const TotalsRows& expected) {
  if (actual == expected) return {};
  const Counts& is = actual.counts;
  const Counts& should = expected.counts;
  std::string text = number_of("events", is.events, should.events) + number_of("views", is.views, should.views) +
                     number_of("carts", is.carts, should.carts) +
                     number_of("removals", is.removals, should.removals) +
                     number_of("purchases", is.purchases, should.purchases) +
                     number_of("sessions", actual.sessions.size(), expected.sessions.size()) +
                     number_of("users", actual.users.size(), expected.users.size());
  if (is.revenue_cents != should.revenue_cents) text += "another revenue; ";
  if (actual.views != expected.views) text += "other views of products; ";
  if (actual.sessions != expected.sessions) text += "other sessions; ";
  if (actual.users != expected.users) text += "other users; ";
  return text.empty() ? "other times" : text;
}

}  // namespace clickstream
