#include "text.hpp"
#include "yaml_reader.hpp"

// What YamlReader reads of a topic's payloads.

namespace braid::routing {

void YamlReader::read_deserializer(const YamlNode& node, TopicBuilder& topic) {
  const auto name = text(node, "deserializer");
  if (!name) return;
  if (const Deserializer* deserializer = registry_.find_deserializer(*name)) {
    topic.deserializer(*deserializer);
    return;
  }
  const std::vector<std::string> names = registry_.deserializer_names();
  const std::vector<std::string_view> known(names.begin(), names.end());
  refuse(node, "unknown deserializer " + quoted(*name) + suggestion(*name, known));
}

}  // namespace braid::routing
