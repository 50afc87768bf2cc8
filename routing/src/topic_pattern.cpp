#include <braid/routing/topic_pattern.hpp>

#include <regex.h>

#include <array>

namespace braid::routing {

struct TopicPattern::Compiled {
  Compiled() = default;
  ~Compiled() { regfree(&expression); }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  regex_t expression{};
};

TopicPattern::TopicPattern(const std::string& text) {
  if (!text.starts_with('^')) {
    error_ = "a pattern begins with '^', as the Kafka client knows it by that";
    return;
  }
  regex_t expression{};
  // As librdkafka compiles it (src/rdregex.c, where the platform has POSIX expressions).
  const int wrong = regcomp(&expression, text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (wrong == 0) {
    auto compiled = std::make_shared<Compiled>();
    compiled->expression = expression;
    compiled_ = std::move(compiled);
    return;
  }
  std::array<char, 200> why{};
  regerror(wrong, &expression, why.data(), why.size());
  error_ = std::string("it is no POSIX extended regular expression: ") + why.data();
}

bool TopicPattern::matches(const std::string& topic) const {
  return compiled_ && regexec(&compiled_->expression, topic.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace braid::routing
