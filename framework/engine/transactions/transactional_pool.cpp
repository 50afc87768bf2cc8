#include "engine/transactions/transactional_pool.hpp"

#include "engine/producer/left_until.hpp"
#include "engine/producer/producer_front.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace braid::engine {

namespace {

using Kind = Error::Kind;
using std::chrono::steady_clock;

}  // namespace

class TransactionalPool::Lease {
 public:
  Lease(TransactionalPool& pool, std::uint32_t number) : pool_(pool), number_(number) {}
  ~Lease() {
    if (!pool_.forked()) pool_.give_back(number_);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  TransactionalPool& pool_;
  const std::uint32_t number_;
};

TransactionalPool::TransactionalPool(std::shared_ptr<TransactionalEngine> first, Make make,
                                     std::shared_ptr<Log> log, Options options)
    : log_(std::move(log)), make_(std::move(make)), options_(std::move(options)), places_(options_.size) {
  places_.front() = {.engine = std::move(first), .use = Use::free};
}

Result<void> TransactionalPool::run(const TransactionWork& work) {
  if (forked()) return of_another_process();
  const auto self = shared_from_this();
  const auto number = take();
  if (!number) return number.error();
  const Lease lease(*this, number.value());
  const auto engine = engine_of(number.value());
  if (!engine) return engine.error();
  return engine.value()->run(work);
}

std::optional<std::uint32_t> TransactionalPool::next() const {
  // The lowest first, so that a pool has no more producers than are busy at one time.
  for (const Use use : {Use::free, Use::unmade}) {
    const auto found = std::ranges::find(places_, use, &Place::use);
    if (found != places_.end()) return static_cast<std::uint32_t>(found - places_.begin());
  }
  return std::nullopt;
}

bool TransactionalPool::all_fenced() const {
  return std::ranges::all_of(places_, [](const Place& place) { return place.use == Use::fenced; });
}

Result<std::uint32_t> TransactionalPool::take() {
  const auto deadline = steady_clock::now() + options_.max_wait_for_turn;
  const auto here = std::this_thread::get_id();
  std::unique_lock lock(mutex_);
  const auto mine = [&](const Place& place) { return place.use == Use::busy && place.owner == here; };
  if (std::ranges::any_of(places_, mine)) {
    return Error(Kind::other, fmt::format("a transaction inside of a transaction (pool {}); end the first one "
                                          "before, or produce within it",
                                          options_.id));
  }
  if (!changed_.wait_until(lock, deadline, [&] { return closing_ || next() || all_fenced(); })) {
    return Error(
        Kind::timed_out,
        fmt::format("all {} producers of the pool {} are in transactions, after {} ms too; make it larger, "
                    "or raise max_wait_for_turn",
                    places_.size(), options_.id, options_.max_wait_for_turn.count()),
        true);
  }
  if (closing_) return closed_for_good();
  const auto number = next();
  if (!number) return *fenced_;
  places_[*number].use = Use::busy;
  places_[*number].owner = here;
  return *number;
}

// Made by who has its place, without the lock: that waits for brokers.
Result<std::shared_ptr<TransactionalEngine>> TransactionalPool::engine_of(std::uint32_t number) {
  {
    const std::lock_guard lock(mutex_);
    if (places_[number].engine) return places_[number].engine;
  }
  auto made = make_(number);
  if (!made) return made;
  const std::lock_guard lock(mutex_);
  // Behind a close that has not seen it.
  if (closing_) return closed_for_good();
  places_[number].engine = made.value();
  return made;
}

void TransactionalPool::give_back(std::uint32_t number) {
  std::optional<Error> fenced;
  {
    const std::lock_guard lock(mutex_);
    Place& place = places_[number];
    place.use = place.engine ? Use::free : Use::unmade;
    fenced = place.engine ? place.engine->fenced() : std::nullopt;
    if (fenced) {
      place.use = Use::fenced;
      fenced_ = fenced;
    }
    changed_.notify_all();
  }
  if (fenced) {
    log_->write(LogLevel::error, "producer",
                fmt::format("a producer of the pool {} is used no more: {}", options_.id, fenced->text()));
  }
}

std::size_t TransactionalPool::made() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(places_, [](const Place& place) { return place.engine != nullptr; }));
}

TransactionsClosed TransactionalPool::close(std::chrono::milliseconds timeout) {
  if (forked()) return {};
  const auto deadline = steady_clock::now() + timeout;
  std::vector<std::shared_ptr<TransactionalEngine>> engines;
  {
    const std::lock_guard lock(mutex_);
    const auto mine = [here = std::this_thread::get_id()](const Place& place) {
      return place.use == Use::busy && place.owner == here;
    };
    if (std::ranges::any_of(places_, mine)) {
      log_->write(LogLevel::error, "producer",
                  "close() within a transaction would wait for itself; nothing is closed");
      return {};
    }
    closing_ = true;
    changed_.notify_all();
    for (const Place& place : places_) {
      if (place.engine) engines.push_back(place.engine);
    }
  }
  for (const auto& engine : engines) engine->begin_close();
  TransactionsClosed all;
  for (const auto& engine : engines) {
    auto one = engine->close(left_until(deadline));
    all.aborted += one.aborted;
    std::ranges::move(one.left, std::back_inserter(all.left));
  }
  return all;
}

}  // namespace braid::engine
