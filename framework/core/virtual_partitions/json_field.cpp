#include "core/virtual_partitions/json_field.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <charconv>
#include <optional>

namespace braid::core {
namespace json = boost::json;

namespace {

constexpr std::size_t kValuesBytesMin = std::size_t{16} << 10;
constexpr std::size_t kValuesBytesMax = std::size_t{4} << 20;
// A tree of many small values is larger than its text, about so many times. What goes beyond is allocated.
constexpr std::size_t kValueBytesPerTextByte = 8;

// One parse of a payload into memory that is used again.
class Values {
 public:
  explicit Values(std::size_t bytes)
      : buffer_(new unsigned char[bytes]), size_(bytes), memory_(buffer_.get(), bytes) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  json::monotonic_resource& memory() { return memory_; }

 private:
  std::unique_ptr<unsigned char[]> buffer_;
  std::size_t size_;
  json::monotonic_resource memory_;
};

}  // namespace

struct JsonFieldKey::Parser {
  std::array<unsigned char, 4096> stack;  // before the parser, which works in it
  json::parser parser{json::storage_ptr(), json::parse_options(), stack.data(), stack.size()};
  std::optional<Values> values{std::in_place, kValuesBytesMin};
  std::optional<json::value> root;  // after the memory it lives in
  std::array<char, 32> text;        // of a number

  const json::value* parse(std::string_view payload);
  PartitionKey key_of(const json::value& value, KeyProblem& problem);
};

const json::value* JsonFieldKey::Parser::parse(std::string_view payload) {
  root.reset();
  values->memory().release();
  const std::size_t wanted = std::min(payload.size() * kValueBytesPerTextByte, kValuesBytesMax);
  if (wanted > values->size()) values.emplace(std::max(wanted, values->size() * 2));
  json::error_code error;
  parser.reset(&values->memory());
  parser.write(payload.data(), payload.size(), error);
  if (error) {
    parser.reset();  // while the memory of what was parsed so far is still there
    return nullptr;
  }
  root.emplace(parser.release());
  return &*root;
}

PartitionKey JsonFieldKey::Parser::key_of(const json::value& value, KeyProblem& problem) {
  const auto number_text = [this](auto number) {
    const char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return std::string_view(text.data(), static_cast<std::size_t>(end - text.data()));
  };
  switch (value.kind()) {
    case json::kind::string:
      return std::string_view(value.get_string().data(), value.get_string().size());
    case json::kind::uint64:
      return value.get_uint64();
    case json::kind::int64:
      if (value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
      return number_text(value.get_int64());
    case json::kind::double_:
      return number_text(value.get_double());
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::null:
      problem = {"is null"};
      return {};
    case json::kind::object:
    case json::kind::array:
      break;
  }
  problem = {"is an object or an array, which can't be a key"};
  return {};
}

JsonFieldKey::JsonFieldKey(std::string field) : field_(std::move(field)), parser_(std::make_unique<Parser>()) {}
JsonFieldKey::~JsonFieldKey() = default;
JsonFieldKey::JsonFieldKey(JsonFieldKey&&) noexcept = default;
JsonFieldKey& JsonFieldKey::operator=(JsonFieldKey&&) noexcept = default;

PartitionKey JsonFieldKey::key_of(const Message& message, KeyProblem& problem) {
  if (!message.has_payload()) {
    problem = {"is absent: the message has no payload"};
    return {};
  }
  const json::value* root = parser_->parse(message.payload());
  if (root == nullptr) {
    problem = {"can't be read: the payload is not JSON"};
    return {};
  }
  const json::value* value = nullptr;
  if (field_.starts_with('/')) {
    json::error_code error;
    value = root->find_pointer(field_, error);
  } else if (const json::object* object = root->if_object()) {
    value = object->if_contains(field_);
  }
  if (value == nullptr) {
    problem = {"is absent"};
    return {};
  }
  return parser_->key_of(*value, problem);
}

std::string JsonFieldKey::subject() const {
  return "field '" + field_ + "'";
}

}  // namespace braid::core
