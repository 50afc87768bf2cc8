#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// YAML as a plain tree with the place of each node, so that yaml-cpp stays in one translation unit.

namespace braid::routing {

struct YamlNode;
// Shared, since an alias is the very node of its anchor. Never null within a tree, and never a cycle.
using YamlNodePtr = std::shared_ptr<const YamlNode>;

struct YamlEntry {
  YamlNodePtr key;
  YamlNodePtr value;
};

// Thread: a plain value, immutable once parsed.
struct YamlNode {
  enum class Kind { null, scalar, sequence, mapping };
  Kind kind = Kind::null;
  int line = 1;    // from 1
  int column = 1;  // from 1
  std::string scalar{};
  bool quoted = false;  // 'x', "x" or a block: text, whatever it looks like
  std::vector<YamlNodePtr> items{};
  // In the file's order, duplicates included; those that `<<` merges in come last and never hide one of its own.
  std::vector<YamlEntry> entries{};

  // The first value of that key; nullptr if there is none.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

struct YamlError {
  int line = 0;  // 0: not known
  int column = 0;
  std::string reason;
};

struct YamlDocument {
  YamlNodePtr root;                // null where the text has no document at all
  std::optional<YamlError> error;  // why it does not parse
};

// Parses exactly one document. Throws nothing but bad_alloc.
[[nodiscard]] YamlDocument parse_yaml(std::string_view text);

}  // namespace braid::routing
