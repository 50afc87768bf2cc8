// The Ops interface's ports, on an application.

#include <braid/application.hpp>
#include <braid/ops_server.hpp>
#include <braid/partition_control.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace braid {

namespace {

class OfApplication final : public ops::Source, public ops::Commands {
 public:
  explicit OfApplication(Application& application) : application_(application) {}

  ApplicationSnapshot snapshot(std::chrono::milliseconds patience) override {
    return application_.snapshot(patience);
  }
  ConfigurationSnapshot configuration() override { return application_.configuration(); }

  Result<std::string> obey(const ops::Command& command) override {
    return std::visit([this](const auto& each) { return obey_one(each); }, command);
  }

 private:
  static Result<std::string> told(const char* what, const Result<std::uint32_t>& partitions) {
    if (!partitions) return partitions.error();
    const std::uint32_t count = partitions.value();
    return what + std::to_string(count) + (count == 1 ? " partition" : " partitions");
  }

  Result<std::string> obey_one(const ops::Quiet& /*command*/) {
    application_.quiet();
    return std::string("takes nothing more, and finishes what it has; for good: what follows is a stop");
  }
  Result<std::string> obey_one(const ops::Pause& command) {
    return told("paused ", application_.pause(command.choice, command.duration));
  }
  Result<std::string> obey_one(const ops::Resume& command) {
    return told("resumed ", application_.resume(command.choice));
  }
  Result<std::string> obey_one(const ops::SetConcurrency& command) {
    const auto resized = application_.set_concurrency(command.workers);
    if (!resized) return resized.error();
    return "there are " + std::to_string(command.workers) + " workers from now on";
  }
  Result<std::string> obey_one(const ops::SetLogLevel& command) {
    application_.set_log_level(command.level);
    return std::string("the log has another level from now on");
  }
  Result<std::string> obey_one(const ops::Seek& command) {
    return told("sent elsewhere: ", application_.seek(command.choice, target_of(command)));
  }
  static Result<std::string> obey_one(const ops::ReleaseParked& /*command*/) { return not_yet(); }
  static Result<std::string> obey_one(const ops::DeadLetterParked& /*command*/) { return not_yet(); }

  static Error not_yet() {
    return {Error::Kind::other,
            "parked messages can't be released one by one: seek to them, or restart, and they are tried again"};
  }

  static SeekTarget target_of(const ops::Seek& command) {
    switch (command.to) {
      case ops::Seek::To::earliest:
        return SeekTarget::earliest();
      case ops::Seek::To::latest:
        return SeekTarget::latest();
      case ops::Seek::To::time:
        return SeekTarget::time(std::chrono::system_clock::time_point(command.time));
      case ops::Seek::To::offset:
        break;
    }
    return SeekTarget::offset(Offset{command.offset});
  }

  Application& application_;
};

OpsServer::Seams seams_of(Application& application) {
  auto both = std::make_shared<OfApplication>(application);
  return {.source = both, .commands = both, .monitor = &application.monitor()};
}

}  // namespace

OpsServer::OpsServer(Application& application, Options options, Providers providers)
    : OpsServer(seams_of(application), std::move(options), std::move(providers)) {}
OpsServer::OpsServer(Application& application, Options options)
    : OpsServer(application, std::move(options), Providers()) {}

}  // namespace braid
