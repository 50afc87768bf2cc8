#include "read_file.hpp"
#include "text.hpp"
#include "yaml_reader.hpp"
#include "yaml_tree.hpp"

#include <braid/routing/load.hpp>
#include <braid/routing/validate.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace braid::routing {

namespace {

Loaded failed(SourceLocation location, std::string message) {
  return {.problems = {{.location = std::move(location), .message = std::move(message)}}};
}

// Where validate() means the file as a whole.
SourceLocation place_of_all(const YamlNode& root, std::string_view file) {
  const YamlNode* groups = root.find("consumer_groups");
  const YamlNode& node = groups != nullptr ? *groups : root;
  return {.file = std::string(file), .line = node.line, .column = node.column};
}

}  // namespace

Routes Loaded::value() && {
  if (!problems.empty()) throw InvalidRoutes(std::move(problems));
  return std::move(routes);
}

Loaded load_text(std::string_view yaml, const ConsumerRegistry& registry, std::string_view file_name) {
  const std::string file(file_name);
  const YamlDocument document = parse_yaml(yaml);
  if (document.error) {
    const YamlError& error = *document.error;
    return failed({.file = file, .line = error.line, .column = error.column},
                  "is not YAML: " + printable(error.reason));
  }
  if (!document.root || document.root->kind == YamlNode::Kind::null) {
    return failed({.file = file, .line = 1, .column = 1}, "the file is empty; it must have consumer_groups");
  }

  RoutesBuilder builder;
  YamlReader reader(file, registry);
  reader.read(*document.root, builder);

  Loaded loaded{.routes = builder.build(), .problems = reader.problems()};
  for (Problem& problem : validate(loaded.routes)) {
    if (problem.location.file.empty()) problem.location = place_of_all(*document.root, file);
    if (!reader.refused_at(problem.location)) loaded.problems.push_back(std::move(problem));
  }
  std::stable_sort(loaded.problems.begin(), loaded.problems.end(), [](const Problem& left, const Problem& right) {
    return std::tie(left.location.line, left.location.column) <
           std::tie(right.location.line, right.location.column);
  });
  if (!loaded.ok()) loaded.routes = {};
  return loaded;
}

Loaded load_file(const std::filesystem::path& path, const ConsumerRegistry& registry) {
  const FileText file = read_file(path);
  if (!file.reason.empty()) return failed({.file = path.string()}, file.reason);
  return load_text(file.text, registry, path.string());
}

}  // namespace braid::routing
