#pragma once

#include <braid/routing/routes.hpp>

#include <map>
#include <stdexcept>
#include <string>

namespace braid::application_test {

// What a test gives a program of its own: NAME=VALUE, and kafka.NAME=VALUE for its clients.
struct ProgramArguments {
  std::map<std::string, std::string> given;
  routing::KafkaSettings kafka;
};

// Throws std::invalid_argument for a word that is neither.
inline ProgramArguments read_arguments(int count, char** values) {
  ProgramArguments read;
  for (int i = 1; i < count; ++i) {
    const std::string argument = values[i];
    const std::size_t at = argument.find('=');
    if (at == std::string::npos) throw std::invalid_argument(argument + ": not NAME=VALUE");
    const std::string name = argument.substr(0, at);
    if (name.starts_with("kafka.")) {
      read.kafka[name.substr(6)] = argument.substr(at + 1);
    } else {
      read.given[name] = argument.substr(at + 1);
    }
  }
  return read;
}

}  // namespace braid::application_test
