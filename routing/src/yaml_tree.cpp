#include "yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <new>
#include <sstream>
#include <utility>

namespace braid::routing {

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto place = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& entry) {
    return entry.key->kind == Kind::scalar && entry.key->scalar == key;
  });
  return place == entries.end() ? nullptr : place->value.get();
}

namespace {

YamlError error_at(const YAML::Mark& mark, std::string reason) {
  if (mark.is_null()) return {.reason = std::move(reason)};
  return {.line = mark.line + 1, .column = mark.column + 1, .reason = std::move(reason)};
}

// Thrown through yaml-cpp's parser, which has no other way to be stopped by its handler.
struct Refused {
  YamlError error;
};

// Builds the tree from yaml-cpp's events. Thread: the parser's.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNodePtr take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused{error_at(mark, "a routing file holds one document, here starts another")};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = make(mark, YamlNode::Kind::null);
    place_absent(*node);
    leaf(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(mark, YamlNode::Kind::scalar);
    node->scalar = value;
    node->quoted = tag == "!";
    leaf(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto place = anchors_.find(anchor);
    // Not finished yet: the alias stands within its own anchor.
    if (place == anchors_.end()) throw Refused{error_at(mark, "an alias may not stand within its own anchor")};
    attach(place->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({.node = make(mark, YamlNode::Kind::sequence), .anchor = anchor, .key = nullptr});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({.node = make(mark, YamlNode::Kind::mapping), .anchor = anchor, .key = nullptr});
  }
  void OnMapEnd() override {
    merge(*open_.back().node);
    close();
  }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YamlNodePtr key;  // of a mapping: the key that waits for its value
  };

  static std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->line = mark.is_null() ? 1 : mark.line + 1;
    node->column = mark.is_null() ? 1 : mark.column + 1;
    return node;
  }

  // yaml-cpp places a value that is not there at whatever comes next: it is behind its key, or in its list.
  void place_absent(YamlNode& node) const {
    if (open_.empty()) return;
    const Open& parent = open_.back();
    const YamlNode& near = parent.key ? *parent.key : *parent.node;
    node.line = near.line;
    node.column = near.column + static_cast<int>(parent.key ? near.scalar.size() : 0);
  }

  void leaf(YamlNodePtr node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    attach(std::move(node));
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    leaf(std::move(closed.node), closed.anchor);
  }

  void attach(YamlNodePtr node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::sequence) {
      parent.node->items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      parent.node->entries.push_back({.key = std::exchange(parent.key, nullptr), .value = std::move(node)});
    }
  }

  // `<<: *defaults` and `<<: [*a, *b]`: what yaml-cpp leaves to its users. A `<<` that names no mapping stays, and
  // is reported as the unknown key it is.
  void merge(YamlNode& mapping) {
    std::vector<YamlEntry> merged;
    const auto take = [&](const YamlNode& source) {
      merged_ += source.entries.size();
      if (merged_ > kMostMerged) {
        throw Refused{{.line = mapping.line, .column = mapping.column, .reason = "the file merges too many keys"}};
      }
      merged.insert(merged.end(), source.entries.begin(), source.entries.end());
    };
    const auto is_mapping = [](const YamlNodePtr& node) { return node->kind == YamlNode::Kind::mapping; };
    std::erase_if(mapping.entries, [&](const YamlEntry& entry) {
      if (entry.key->kind != YamlNode::Kind::scalar || entry.key->scalar != "<<" || entry.key->quoted) return false;
      if (is_mapping(entry.value)) {
        take(*entry.value);
        return true;
      }
      const auto& items = entry.value->items;
      if (items.empty() || !std::all_of(items.begin(), items.end(), is_mapping)) return false;
      for (const auto& item : items) take(*item);
      return true;
    });
    for (YamlEntry& entry : merged) {
      const bool hidden = entry.key->kind == YamlNode::Kind::scalar && mapping.find(entry.key->scalar) != nullptr;
      if (!hidden) mapping.entries.push_back(std::move(entry));
    }
  }

  // Merging copies entries, so a small file could grow without bound.
  static constexpr std::size_t kMostMerged = 100'000;

  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNodePtr> anchors_;
  YamlNodePtr root_;
  std::size_t merged_ = 0;
  int documents_ = 0;
};

}  // namespace

YamlDocument parse_yaml(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return {.root = builder.take_root(), .error = std::nullopt};
  } catch (const Refused& refused) {
    return {.root = nullptr, .error = refused.error};
  } catch (const YAML::Exception& error) {
    return {.root = nullptr, .error = error_at(error.mark, error.msg)};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return {.root = nullptr, .error = YamlError{.reason = error.what()}};
  }
}

}  // namespace braid::routing
