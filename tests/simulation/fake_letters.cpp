#include "simulation/fake_letters.hpp"

#include "simulation/callback_library.hpp"
#include "simulation/work_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace braid::simulation {

namespace {

namespace names = dead_letter_headers;

constexpr auto kLetter = "a dead letter is what it was, and says where it comes from";

std::string header_of(const DeadLetter& letter, std::string_view name) {
  for (const auto& [header, value] : letter.headers) {
    if (header == name) return value.value_or("");
  }
  return {};
}

bool is_of(const DeadLetter& letter, const FakePartition& partition, const FakeRecord& record) {
  return letter.payload == payload_text(partition.index, record.offset) &&
         letter.key == (record.key >= 0 ? std::optional<std::string>(key_text(record.key)) : std::nullopt);
}

}  // namespace

void FakeLetters::send(const DeadLetter& letter, PartitionNumber original, Answer answer) {
  World& world = *setting_.world;
  world.preempt();
  if (setting_.dead) return;
  setting_.library->notice_given_up();
  const std::string offset_text = header_of(letter, names::kOffset);
  FakePartition* const partition = setting_.kafka->find({header_of(letter, names::kTopic), original});
  const std::int64_t offset = offset_text.empty() ? -1 : std::stoll(offset_text);
  const FakeRecord* const record = partition != nullptr ? partition->log.find(offset) : nullptr;
  if (record == nullptr || !is_of(letter, *partition, *record) ||
      header_of(letter, names::kPartition) != std::to_string(original.value)) {
    world.fail(kLetter, fmt::format("offset '{}' of '{}'", offset_text, header_of(letter, names::kTopic)));
  }
  world.trace("the dead letter of {} is sent", setting_.process * 10, partition->index, offset);
  world.happened(Happening::letter_sent);
  const auto incarnation = setting_.incarnations[partition->index].lock();
  const LetterSent facts{partition, incarnation.get(), offset, header_of(letter, names::kAttempts)};
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.letter_sent(facts); });
  const bool late = !world.calm && world.random.chance(setting_.manners.letters_late);
  if (late) world.happened(Happening::letter_late);
  const auto way = std::chrono::microseconds(world.random.between(0, late ? 2'000'000 : 10'000));
  on_their_way_.push_back({incarnation, offset, world.clock.now() + way, std::move(answer)});
  world.preempt();
}

bool FakeLetters::step() {
  World& world = *setting_.world;
  if (setting_.dead) return false;
  const std::optional<OnItsWay> letter = world.take_due(on_their_way_);
  if (!letter) return false;
  const bool fails = !world.calm && world.random.chance(setting_.manners.letters_fail);
  const bool arrives = !fails || world.random.chance(300);
  if (arrives) arrive(*letter);
  if (fails) {
    world.happened(arrives ? Happening::letter_answer_lost : Happening::letter_failed);
    letter->answer(Error(Error::Kind::other, "the broker said no"));
  } else {
    acknowledge(*letter);
  }
  return true;
}

void FakeLetters::acknowledge(const OnItsWay& letter) {
  World& world = *setting_.world;
  Incarnation& of = *letter.incarnation;
  world.happened(Happening::letter_acknowledged);
  world.trace("the dead letter of {} is acknowledged", setting_.process * 10, of.partition, letter.offset);
  setting_.library->notice_given_up();
  // When it ends nobody may read the answer in time.
  if (of.ending || of.ended || setting_.stopping) of.inexact = true;
  const auto due = of.letters.find(letter.offset);
  const auto record = due != of.letters.end() ? due->second.record.lock() : nullptr;
  if (record) record->acknowledged(letter.offset);
  letter.answer({});
}

void FakeLetters::arrive(const OnItsWay& letter) {
  World& world = *setting_.world;
  FakePartition& partition = setting_.kafka->partition(letter.incarnation->partition);
  FakeRecord& record = *partition.log.find(letter.offset);
  if (std::exchange(record.lettered, true)) world.happened(Happening::letter_repeated);
  record.finished_by = std::max(record.finished_by, letter.incarnation->id);
  if (letter.incarnation->id >= partition.moved_by) record.finished = true;
}

void FakeLetters::die() {
  for (const OnItsWay& letter : std::exchange(on_their_way_, {})) {
    if (!setting_.world->random.chance(500)) continue;
    setting_.world->happened(Happening::letter_outlived_crash);
    arrive(letter);
  }
}

}  // namespace braid::simulation
