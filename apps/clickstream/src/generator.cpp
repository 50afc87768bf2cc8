#include "apps/clickstream/src/generator.hpp"

#include "apps/clickstream/src/catalogue.hpp"
#include "apps/clickstream/src/columns.hpp"
#include "apps/clickstream/src/event.hpp"
#include "apps/clickstream/src/random.hpp"
#include "apps/clickstream/src/zipf.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>
#include <queue>
#include <string>
#include <vector>

namespace clickstream {
namespace {

constexpr std::int64_t start_time = 1'569'888'000;  // 2019-10-01 00:00:00 UTC
constexpr std::uint64_t arrival_gap_ms_max = 3'000;
constexpr std::size_t flush_bytes = 64 * 1024;

// One user's visit to the shop: what leads from one event to the next.
struct Visit {
  static constexpr std::size_t cart_max = 4;

  std::uint64_t user_id = 0;
  std::array<char, 36> session{};
  std::size_t product = 0;  // Of the last event.
  bool viewed = false;      // Whether the last event was a view.
  bool paying = false;      // Whether the rest of the cart is being bought.
  std::array<std::size_t, cart_max> cart{};
  std::size_t in_cart = 0;
};

// A visit's next event. Ties in time are resolved by the order of planning, so that nothing depends on the heap.
struct Planned {
  std::uint64_t time_ms;
  std::uint64_t sequence;
  std::size_t visit;

  bool operator>(const Planned& other) const noexcept {
    return time_ms != other.time_ms ? time_ms > other.time_ms : sequence > other.sequence;
  }
};

class Shop {
 public:
  Shop(std::uint64_t events, std::uint64_t seed)
      : random_(seed),
        catalogue_(std::clamp<std::uint64_t>(events / 20, 200, 20'000), random_),
        popularity_(catalogue_.products().size(), 5),
        user_ids_(make_users(std::clamp<std::uint64_t>(events / 12, 100, 400'000), random_)),
        activity_(user_ids_.size(), 50) {}

  // Appends the next event's line to `out`.
  void next(std::string& out) {
    while (planned_.empty() || planned_.top().time_ms > next_arrival_ms_) arrive();
    const Planned now = planned_.top();
    planned_.pop();

    Visit& visit = visits_[now.visit];
    const EventType type = act(visit);
    append_line(visit, type, now.time_ms, out);
    if (stays(visit)) {
      plan(now.visit, now.time_ms + random_.between(2'000, 90'000));
    } else {
      free_visits_.push_back(now.visit);
    }
  }

 private:
  static std::vector<std::uint64_t> make_users(std::size_t count, Random& random) {
    std::vector<std::uint64_t> ids;
    ids.reserve(count);
    for (std::size_t index = 0; index < count; ++index) ids.push_back(512'000'000 + index * 13 + random.below(13));
    random.shuffle(ids);
    return ids;
  }

  void arrive() {
    std::size_t place = visits_.size();
    if (free_visits_.empty()) {
      visits_.emplace_back();
    } else {
      place = free_visits_.back();
      free_visits_.pop_back();
    }
    visits_[place] = {};
    visits_[place].user_id = user_ids_[activity_.draw(random_)];
    visits_[place].session = make_session();
    plan(place, next_arrival_ms_);
    next_arrival_ms_ += random_.below(arrival_gap_ms_max);
  }

  void plan(std::size_t visit, std::uint64_t time_ms) { planned_.push({time_ms, sequence_++, visit}); }

  std::array<char, 36> make_session() {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::string_view shape = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
    std::array<char, 36> text{};
    std::uint64_t bits = 0;
    for (std::size_t at = 0; at < shape.size(); ++at) {
      if (at % 12 == 0) bits = random_.next();
      text[at] = shape[at] == 'x' ? digits[bits & 15U] : shape[at];
      bits >>= 4U;
    }
    return text;
  }

  EventType act(Visit& visit) {
    if (visit.in_cart > 0) {
      if (visit.paying || random_.chance(220)) {
        visit.product = visit.cart[--visit.in_cart];
        visit.paying = visit.in_cart > 0;
        visit.viewed = false;
        return EventType::purchase;
      }
      if (random_.chance(80)) {
        visit.product = visit.cart[--visit.in_cart];
        visit.viewed = false;
        return EventType::remove_from_cart;
      }
    }
    if (visit.viewed && visit.in_cart < Visit::cart_max && random_.chance(65)) {
      visit.cart[visit.in_cart++] = visit.product;
      visit.viewed = false;
      return EventType::cart;
    }
    visit.product = choose(visit);
    visit.viewed = true;
    return EventType::view;
  }

  std::size_t choose(const Visit& visit) {
    const std::uint64_t mood = visit.viewed ? random_.below(100) : 100;
    if (mood < 20) return visit.product;
    if (mood < 50) {
      const auto& alike = catalogue_.of_category(catalogue_.products()[visit.product].category);
      return alike[std::min(random_.below(alike.size()), random_.below(alike.size()))];
    }
    return popularity_.draw(random_);
  }

  bool stays(const Visit& visit) {
    if (visit.in_cart > 0) return visit.paying || random_.chance(930);
    return random_.chance(visit.viewed ? 780 : 500);
  }

  void append_line(const Visit& visit, EventType type, std::uint64_t time_ms, std::string& out) {
    const std::int64_t time = start_time + static_cast<std::int64_t>(time_ms / 1'000);
    if (time != text_time_) {
      text_time_ = time;
      time_text_ = format_time(time);
    }
    const Product& product = catalogue_.products()[visit.product];
    out.append(time_text_).append(",").append(to_text(type)).append(",");
    append_number(product.id, out);
    out.append(",").append(product.columns).append(",");
    append_number(visit.user_id, out);
    out.append(",").append(visit.session.data(), visit.session.size()).append("\n");
  }

  static void append_number(std::uint64_t number, std::string& out) {
    std::array<char, 20> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  }

  Random random_;
  Catalogue catalogue_;
  Zipf popularity_;
  std::vector<std::uint64_t> user_ids_;
  Zipf activity_;

  std::vector<Visit> visits_;
  std::vector<std::size_t> free_visits_;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
  std::uint64_t sequence_ = 0;
  std::uint64_t next_arrival_ms_ = 0;

  std::int64_t text_time_ = -1;
  std::string time_text_;
};

}  // namespace

void generate_events(std::uint64_t events, std::uint64_t seed, std::ostream& out,
                     const GeneratorProgress& progress) {
  std::string text(standard_header);
  text += '\n';
  Shop shop(events, seed);
  for (std::uint64_t done = 0; done < events && out; ++done) {
    shop.next(text);
    if (text.size() < flush_bytes) continue;
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    text.clear();
    if (progress) progress(done + 1);
  }
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.flush();
  if (progress && out) progress(events);
}

}  // namespace clickstream
