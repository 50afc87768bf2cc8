#include "mock/application/recorder.hpp"

namespace braid::application_test {

void Recorder::note(const Batch& batch, const Message& message) {
  const std::scoped_lock lock(mutex_);
  seen_.push_back({.partition = message.partition().value,
                   .index = batch.virtual_partition().index().value,
                   .generation = batch.virtual_partition().generation().value,
                   .offset = message.offset().value,
                   .key = std::string(message.key()),
                   .payload = std::string(message.payload()),
                   .attempt = batch.attempt()});
  ++distinct_[{message.partition().value, message.offset().value}];
}

void Recorder::hook(Hook hook) {
  const std::scoped_lock lock(mutex_);
  hooks_.push_back(std::move(hook));
}

void Recorder::enter(const Batch& batch) {
  {
    const std::scoped_lock lock(mutex_);
    batches_.push_back(batch.size());
  }
  enter(batch.virtual_partition());
}

void Recorder::enter(const VirtualPartition& where) {
  const std::scoped_lock lock(mutex_);
  if (++inside_[{where.partition().value, where.index().value}] > 1) ++overlaps_;
}

void Recorder::leave(const VirtualPartition& where) {
  const std::scoped_lock lock(mutex_);
  --inside_[{where.partition().value, where.index().value}];
}

std::vector<Seen> Recorder::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

std::size_t Recorder::count() const {
  const std::scoped_lock lock(mutex_);
  return seen_.size();
}

std::size_t Recorder::distinct() const {
  const std::scoped_lock lock(mutex_);
  return distinct_.size();
}

std::vector<Hook> Recorder::hooks(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Hook> found;
  for (const Hook& hook : hooks_) {
    if (hook.name == name) found.push_back(hook);
  }
  return found;
}

std::vector<std::size_t> Recorder::batches() const {
  const std::scoped_lock lock(mutex_);
  return batches_;
}

RecordingConsumer::RecordingConsumer(std::shared_ptr<Recorder> recorder)
    : recorder_(std::move(recorder)), object_(++recorder_->objects_) {
  ++recorder_->alive_;
}

RecordingConsumer::~RecordingConsumer() {
  --recorder_->alive_;
}

namespace {

// Until it is left, by an exception too.
struct Inside {
  Recorder& recorder;
  const VirtualPartition& where;
  ~Inside() { recorder.leave(where); }
};

}  // namespace

void RecordingConsumer::consume(Batch& batch) {
  recorder_->enter(batch);
  const Inside inside{*recorder_, batch.virtual_partition()};
  if (recorder_->script) recorder_->script(batch);
  for (const Message& message : batch) recorder_->note(batch, message);
}

void RecordingConsumer::hook(const std::string& name, const VirtualPartition& where) {
  recorder_->hook(
      {name, object_, where.partition().value, where.index().value, where.generation().value, where.lost()});
  if (recorder_->in_hook) recorder_->in_hook(name, where);
}

void RecordingConsumer::guarded_hook(const std::string& name, const VirtualPartition& where) {
  recorder_->enter(where);
  const Inside inside{*recorder_, where};
  hook(name, where);
}

void Gate::pass() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  opened_.wait(lock, [this] { return open_; });
  --waiting_;
}

void Gate::open() {
  const std::scoped_lock lock(mutex_);
  open_ = true;
  opened_.notify_all();
}

int Gate::waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_;
}

std::string order_fault(const std::vector<Seen>& seen) {
  std::map<std::string, long> last;
  for (const Seen& one : seen) {
    const long number = std::stol(one.payload);
    const auto [at, first] = last.try_emplace(one.key, -1);
    if (number != at->second + 1) {
      return "key " + one.key + ": " + one.payload + " after " + std::to_string(at->second) + " (partition " +
             std::to_string(one.partition) + ", offset " + std::to_string(one.offset) + ")";
    }
    at->second = number;
  }
  return {};
}

}  // namespace braid::application_test
