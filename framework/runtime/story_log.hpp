#pragma once

#include "core/log/story.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/field_log.hpp"

#include <braid/monitor.hpp>
#include <braid/routing/routes.hpp>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace braid::runtime {

// Writes the story of an application to its log, from what its monitor tells of its consumer groups. Others of the
// same groups that share the monitor are in it too.
// Thread: made and ended by the application; its work is done on the monitor's. Its end waits for that.
class StoryLog {
 public:
  // Log and clock outlive it.
  StoryLog(Monitor& monitor, engine::FieldLog& log, const engine::Clock& clock, const routing::Routes& routes,
           std::chrono::milliseconds each);
  // Says the rest.
  ~StoryLog();
  StoryLog(const StoryLog&) = delete;
  StoryLog& operator=(const StoryLog&) = delete;

 private:
  template <class E>
  void listen(Monitor& monitor);
  void say(const core::Chapter& chapter);

  engine::FieldLog& log_;
  const engine::Clock& clock_;
  std::set<std::string> groups_;
  core::Story story_;  // the monitor's thread; ours behind the end of the subscriptions
  std::vector<Subscription> subscriptions_;
};

}  // namespace braid::runtime
