#pragma once

#include "mock/application/recorder.hpp"

#include <braid/braid.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace braid::application_test {

// Settings that suit a test on any cluster: short intervals, all of the log.
Settings test_settings(const std::string& bootstrap, const std::map<std::string, std::string>& kafka = {});

using Tune = std::function<void(routing::TopicBuilder&)>;
// One topic of one group, consumed by recording consumers.
routing::Routes route(const std::string& group, const std::string& topic, std::shared_ptr<Recorder> recorder,
                      const Tune& tune = {});

}  // namespace braid::application_test
