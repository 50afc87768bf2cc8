#include "apps/clickstream/src/totals.hpp"

#include "apps/clickstream/src/format.hpp"

#include <algorithm>

namespace clickstream {
namespace {

void keep_greater(std::string& kept, std::string_view text) {
  if (text > kept) kept = text;
}

// Collects sentences and, past the limit, only counts them.
class LimitedList {
 public:
  LimitedList(std::vector<std::string>& out, std::size_t limit, std::string what)
      : out_(out), limit_(limit), what_(std::move(what)) {}

  void add(std::string sentence) { found_.push_back(std::move(sentence)); }

  void finish() {
    // Sorted, since the order of a hash table says nothing to a reader and may change from run to run.
    std::sort(found_.begin(), found_.end());
    const std::size_t shown = std::min(limit_, found_.size());
    out_.insert(out_.end(), found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(shown));
    if (found_.size() > shown) {
      out_.push_back("and " + with_thousands(found_.size() - shown) + " more " + what_);
    }
  }

 private:
  std::vector<std::string>& out_;
  std::size_t limit_;
  std::string what_;
  std::vector<std::string> found_;
};

}  // namespace

void Totals::add(const Event& event) {
  counts_.first_time = counts_.events == 0 ? event.event_time : std::min(counts_.first_time, event.event_time);
  counts_.last_time = counts_.events == 0 ? event.event_time : std::max(counts_.last_time, event.event_time);
  ++counts_.events;

  auto session = sessions_.find(event.user_session);
  if (session == sessions_.end()) session = sessions_.emplace(std::string(event.user_session), false).first;
  users_.insert(event.user_id);

  switch (event.event_type) {
    case EventType::view: {
      ++counts_.views;
      ProductViews& product = products_[event.product_id];
      ++product.views;
      keep_greater(product.brand, event.brand);
      keep_greater(product.category_code, event.category_code);
      break;
    }
    case EventType::cart:
      ++counts_.carts;
      break;
    case EventType::remove_from_cart:
      ++counts_.removals;
      break;
    case EventType::purchase:
      ++counts_.purchases;
      counts_.revenue_cents += event.price_cents;
      session->second = true;
      break;
  }
}

void Totals::merge(const Totals& other) {
  if (&other == this) {
    const Totals copy = other;  // Else the maps would be read while they grow.
    merge(copy);
    return;
  }
  const Counts& more = other.counts_;
  if (more.events > 0) {
    const bool none = counts_.events == 0;
    counts_.first_time = none ? more.first_time : std::min(counts_.first_time, more.first_time);
    counts_.last_time = none ? more.last_time : std::max(counts_.last_time, more.last_time);
  }
  counts_.events += more.events;
  counts_.views += more.views;
  counts_.carts += more.carts;
  counts_.removals += more.removals;
  counts_.purchases += more.purchases;
  counts_.revenue_cents += more.revenue_cents;

  for (const auto& [id, theirs] : other.products_) {
    ProductViews& product = products_[id];
    product.views += theirs.views;
    keep_greater(product.brand, theirs.brand);
    keep_greater(product.category_code, theirs.category_code);
  }
  for (const auto& [session, bought] : other.sessions_) {
    bool& known = sessions_.try_emplace(session, false).first->second;
    known = known || bought;
  }
  users_.insert(other.users_.begin(), other.users_.end());
}

std::uint64_t Totals::sessions_that_bought() const noexcept {
  return static_cast<std::uint64_t>(
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& session) { return session.second; }));
}

std::vector<RankedProduct> Totals::most_viewed(std::size_t limit) const {
  using Entry = const std::pair<const std::uint64_t, ProductViews>*;
  std::vector<Entry> entries;
  entries.reserve(products_.size());
  for (const auto& entry : products_) entries.push_back(&entry);
  const auto end = entries.begin() + static_cast<std::ptrdiff_t>(std::min(limit, entries.size()));
  std::partial_sort(entries.begin(), end, entries.end(), [](Entry left, Entry right) {
    if (left->second.views != right->second.views) return left->second.views > right->second.views;
    return left->first < right->first;
  });
  std::vector<RankedProduct> ranked;
  for (auto entry = entries.begin(); entry != end; ++entry) ranked.push_back({(*entry)->first, (*entry)->second});
  return ranked;
}

std::vector<std::string> differences(const Totals& actual, const Totals& expected, std::size_t limit) {
  std::vector<std::string> found;
  const auto compare = [&](const char* name, std::uint64_t left, std::uint64_t right) {
    if (left == right) return;
    found.push_back(std::string(name) + ": " + with_thousands(left) + ", expected " + with_thousands(right) +
                    (left < right ? " (" + with_thousands(right - left) + " missing)"
                                  : " (" + with_thousands(left - right) + " too many)"));
  };
  const Counts& ours = actual.counts_;
  const Counts& theirs = expected.counts_;
  compare("events", ours.events, theirs.events);
  compare("views", ours.views, theirs.views);
  compare("carts", ours.carts, theirs.carts);
  compare("removals", ours.removals, theirs.removals);
  compare("purchases", ours.purchases, theirs.purchases);
  if (ours.revenue_cents != theirs.revenue_cents) {
    found.push_back("revenue: " + money(ours.revenue_cents) + ", expected " + money(theirs.revenue_cents));
  }
  if (ours.first_time != theirs.first_time) {
    found.push_back("first event: " + format_time(ours.first_time) + ", expected " +
                    format_time(theirs.first_time));
  }
  if (ours.last_time != theirs.last_time) {
    found.push_back("last event: " + format_time(ours.last_time) + ", expected " + format_time(theirs.last_time));
  }
  compare("sessions", actual.sessions(), expected.sessions());
  compare("users", actual.users(), expected.users());

  LimitedList products(found, limit, "products that differ");
  const auto product_name = [](std::uint64_t id) { return "product " + std::to_string(id); };
  for (const auto& [id, product] : expected.products_) {
    const auto other = actual.products_.find(id);
    const std::uint64_t views = other == actual.products_.end() ? 0 : other->second.views;
    if (views != product.views) {
      products.add(product_name(id) + ": " + with_thousands(views) + " views, expected " +
                   with_thousands(product.views));
    } else if (other->second != product) {
      products.add(product_name(id) + ": its brand or category differs");
    }
  }
  for (const auto& [id, product] : actual.products_) {
    if (!expected.products_.contains(id)) {
      products.add(product_name(id) + ": " + with_thousands(product.views) + " views, expected 0");
    }
  }
  products.finish();

  LimitedList sessions(found, limit, "sessions that differ");
  for (const auto& [session, bought] : expected.sessions_) {
    const auto other = actual.sessions_.find(session);
    if (other == actual.sessions_.end()) {
      sessions.add("session " + session + ": missing");
    } else if (other->second != bought) {
      sessions.add("session " + session +
                   (bought ? ": its purchase is missing" : ": has a purchase, expected none"));
    }
  }
  for (const auto& [session, bought] : actual.sessions_) {
    if (!expected.sessions_.contains(session)) sessions.add("session " + session + ": not expected");
  }
  sessions.finish();

  LimitedList users(found, limit, "users that differ");
  for (const std::uint64_t user : expected.users_) {
    if (!actual.users_.contains(user)) users.add("user " + std::to_string(user) + ": missing");
  }
  for (const std::uint64_t user : actual.users_) {
    if (!expected.users_.contains(user)) users.add("user " + std::to_string(user) + ": not expected");
  }
  users.finish();
  return found;
}

}  // namespace clickstream
