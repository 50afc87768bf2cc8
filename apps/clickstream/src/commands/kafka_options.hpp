#pragma once

#include <braid/routing/routes.hpp>

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace clickstream {

/// Adds --kafka NAME=VALUE, which may be given again and again. `settings` is kept alive by the command.
inline void add_kafka_option(CLI::App& command, const std::shared_ptr<braid::routing::KafkaSettings>& settings) {
  command
      .add_option_function<std::vector<std::string>>(
          "--kafka",
          [settings](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const auto equals = text.find('=');
              settings->insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
            }
          },
          "A setting of librdkafka for all clients, such as security.protocol=ssl; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& text) -> std::string {
        const auto equals = text.find('=');
        return equals == std::string::npos || equals == 0 ? "expected NAME=VALUE, is '" + text + "'" : "";
      });
}

}  // namespace clickstream
