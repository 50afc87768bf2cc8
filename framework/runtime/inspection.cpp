#include "runtime/inspection.hpp"

#include "runtime/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::runtime {

namespace {

void tell_quiet(const Inspection::Connection& connection) {
  if (!connection.mailbox) return;
  connection.mailbox->post_command(
      std::make_unique<engine::Command>(engine::Command{.kind = engine::Command::Kind::quiet}));
}

}  // namespace

void Inspection::add(Connection connection) {
  const std::lock_guard lock(mutex_);
  if (quiet_) tell_quiet(connection);
  const auto earlier = std::ranges::find(connections_, connection.name, &Connection::name);
  if (earlier != connections_.end()) {
    *earlier = std::move(connection);
  } else {
    connections_.push_back(std::move(connection));
  }
}

void Inspection::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(connections_, name, &Connection::name);
  if (found != connections_.end()) found->mailbox.reset();
}

void Inspection::quiet() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(quiet_, true)) return;
    std::ranges::for_each(connections_, tell_quiet);
  }
  log_.write_always("application", "quiet: nothing more is taken, what was taken is finished");
}

bool Inspection::quiet_asked() const {
  const std::lock_guard lock(mutex_);
  return quiet_;
}

bool Inspection::settled() const {
  const std::lock_guard lock(mutex_);
  // What has no group yet, or none any more, has nothing to finish.
  return quiet_ && std::ranges::all_of(connections_, [](const Connection& each) {
           return !each.mailbox || !each.facts->answers.load(std::memory_order_acquire) ||
                  each.facts->settled.load(std::memory_order_acquire);
         });
}

Inspection::Dump Inspection::begin_dump() const {
  const std::lock_guard lock(mutex_);
  Dump dump{.names = {}, .request = std::make_shared<engine::DumpRequest>(connections_.size())};
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const Connection& each = connections_[i];
    dump.names.push_back(each.name);
    // A part that goes unposted is answered at its end: it has ended.
    auto part = std::make_unique<engine::DumpPart>(dump.request, i, "it has ended\n");
    if (!each.mailbox) continue;
    if (!each.facts->answers.load(std::memory_order_acquire)) {
      part->answer("looks for a broker\n");
      continue;
    }
    each.mailbox->post_command(std::make_unique<engine::Command>(
        engine::Command{.kind = engine::Command::Kind::dump, .dump = std::move(part)}));
  }
  return dump;
}

std::vector<ConnectionSnapshot> Inspection::snapshots(engine::Time until) const {
  std::vector<std::string> names;
  std::shared_ptr<engine::SnapshotRequest> request;
  {
    const std::lock_guard lock(mutex_);
    request = std::make_shared<engine::SnapshotRequest>(connections_.size());
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const Connection& each = connections_[i];
      names.push_back(each.name);
      auto part =
          std::make_unique<engine::SnapshotPart>(request, i, ConnectionSnapshot{.state = ConnectionState::ended});
      if (!each.mailbox) continue;
      if (!each.facts->answers.load(std::memory_order_acquire)) {
        part->answer(ConnectionSnapshot{.state = ConnectionState::looking_for_broker});
        continue;
      }
      each.mailbox->post_command(std::make_unique<engine::Command>(
          engine::Command{.kind = engine::Command::Kind::snapshot, .snapshot = std::move(part)}));
    }
  }
  request->wait_until(until);
  std::vector<ConnectionSnapshot> snapshots;
  auto parts = request->parts();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    snapshots.push_back(parts[i] ? std::move(*parts[i]) : ConnectionSnapshot{.state = ConnectionState::silent});
    snapshots.back().name = std::move(names[i]);
  }
  return snapshots;
}

Inspection::Steered Inspection::steer(engine::SteerOrder order, engine::Time until) const {
  const auto shared = std::make_shared<const engine::SteerOrder>(std::move(order));
  std::shared_ptr<engine::SteerRequest> request;
  {
    const std::lock_guard lock(mutex_);
    request = std::make_shared<engine::SteerRequest>(connections_.size());
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const Connection& each = connections_[i];
      // One that has nothing yet, or nothing any more, answers with 0 by the part's end.
      const bool answers = each.mailbox && each.facts->answers.load(std::memory_order_acquire);
      auto steer =
          std::unique_ptr<engine::SteerPart>(new engine::SteerPart{.order = shared, .part = {request, i, 0}});
      if (!answers) continue;
      each.mailbox->post_command(std::make_unique<engine::Command>(
          engine::Command{.kind = engine::Command::Kind::steer, .steer = std::move(steer)}));
    }
  }
  Steered steered{.all_answered = request->wait_until(until)};
  for (const auto& part : request->parts()) steered.partitions += part.value_or(0);
  return steered;
}

bool Inspection::write(const Dump& dump, bool late) const {
  if (!late && !dump.request->complete()) return false;
  log_.write_always("application", text_of(dump));
  return true;
}

std::string Inspection::text_of(const Dump& dump) const {
  std::string text = "what everything does\n";
  const auto parts = dump.request->parts();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += fmt::format("connection {}: {}", dump.names[i],
                        parts[i].value_or("has not answered in time: its thread is busy, or blocked\n"));
  }
  return text + describe(figures_of(counters_)) + '\n' + describe_threads();
}

}  // namespace braid::runtime
