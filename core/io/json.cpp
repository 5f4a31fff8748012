// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/json.h"

#include <json-glib/json-glib.h>

#include <unordered_map>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/io/json_scan.h"

REC_COUNTED(JsonParser, g_object_ref, g_object_unref);
REC_COUNTED(JsonObject, json_object_ref, json_object_unref);

namespace rec {
namespace {

// Follows json-glib while it builds its tree, which keeps only the last of several members of one name:
// costly, and only for saying which name that is.
struct DuplicateWatch {
  const JsonScan &scan;
  std::unordered_map<JsonObject *, guint> sizes;  // after the last member
  std::size_t ended = 0;                          // members so far
  std::string error;                              // of the first duplicate

  void member_ended(JsonObject *object, const char *name) {
    const guint size = json_object_get_size(object);
    const bool grew = std::exchange(sizes[object], size) != size;
    if (!grew && error.empty() && ended < scan.ended.size())
      error = to_string(scan.names[scan.ended[ended]]) + ": " + name + ": given twice in the same object";
    ++ended;
  }
};

// Turns json-glib's tree into ours; both trees and the scan are in the order of the text.
class TreeCopy {
 public:
  explicit TreeCopy(const JsonScan &scan) : scan_(scan) {}

  // What was copied has not all that the text has: some object has two members of one name.
  bool incomplete() const { return incomplete_; }

  JsonValue copy(JsonNode *node) {
    JsonValue value;
    if (next_ < scan_.values.size()) value.at = scan_.values[next_++];
    if (JSON_NODE_HOLDS_OBJECT(node)) {
      copy_members(json_node_get_object(node), value);
    } else if (JSON_NODE_HOLDS_ARRAY(node)) {
      copy_elements(json_node_get_array(node), value);
    } else if (JSON_NODE_HOLDS_VALUE(node)) {
      copy_scalar(node, value);
    }
    return value;
  }

 private:
  void copy_members(JsonObject *object, JsonValue &value) {
    value.kind = JsonValue::Kind::object;
    const std::size_t size = json_object_get_size(object);
    if (next_object_ >= scan_.sizes.size() || scan_.sizes[next_object_++] != size) incomplete_ = true;
    value.members.reserve(size);
    JsonObjectIter iter;
    json_object_iter_init_ordered(&iter, object);
    const char *name = nullptr;
    JsonNode *node = nullptr;
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
      JsonMember &member = value.members.emplace_back();
      member.name = name;
      if (next_name_ < scan_.names.size()) member.at = scan_.names[next_name_++];
      member.value = copy(node);
    }
  }

  void copy_elements(JsonArray *array, JsonValue &value) {
    value.kind = JsonValue::Kind::array;
    const guint length = json_array_get_length(array);
    value.elements.reserve(length);
    for (guint i = 0; i < length; ++i) value.elements.push_back(copy(json_array_get_element(array, i)));
  }

  static void copy_scalar(JsonNode *node, JsonValue &value) {
    const GType type = json_node_get_value_type(node);
    if (type == G_TYPE_BOOLEAN) {
      value.kind = JsonValue::Kind::boolean;
      value.boolean = json_node_get_boolean(node);
    } else if (type == G_TYPE_INT64) {
      value.kind = JsonValue::Kind::integer;
      value.integer = json_node_get_int(node);
    } else if (type == G_TYPE_DOUBLE) {
      value.kind = JsonValue::Kind::real;
      value.real = json_node_get_double(node);
    } else if (type == G_TYPE_STRING) {
      value.kind = JsonValue::Kind::string;
      value.string = json_node_get_string(node);
    }
  }

  const JsonScan &scan_;
  std::size_t next_ = 0;       // value to be copied
  std::size_t next_name_ = 0;  // member to be copied
  std::size_t next_object_ = 0;
  bool incomplete_ = false;
};

// json-glib's "<data>:3:14: Parse error: unexpected ..." without its first part.
std::string without_source(std::string_view message) {
  for (const std::string_view prefix : {"<data>:", "<none>:"})
    if (message.starts_with(prefix)) return std::string(message.substr(prefix.size()));
  return "1:1: " + std::string(message);
}

// Follows `text` to the first byte that is not UTF-8, or is NUL.
TextPosition position_of(const char *begin, const char *end) {
  TextPosition at;
  for (const char *p = begin; p < end; p = g_utf8_next_char(p)) {
    at.line += *p == '\n';
    at.column = *p == '\n' ? 1 : at.column + 1;
  }
  return at;
}

Error invalid(const std::string &message) { return Error{Errc::invalid_argument, message}; }

Status load(JsonParser *parser, std::string_view text) {
  ErrorOut error;
  if (json_parser_load_from_data(parser, text.data(), static_cast<gssize>(text.size()), error.out()))
    return ok();
  return invalid(without_source(error->message));
}

// Of a text of which the tree is incomplete.
Error duplicate_in(std::string_view text, const JsonScan &scan) {
  DuplicateWatch watch{scan, {}, 0, {}};
  const auto parser = Ref<JsonParser>::adopt(json_parser_new());
  const auto member_ended = +[](JsonParser *, JsonObject *object, const char *name, gpointer data) {
    static_cast<DuplicateWatch *>(data)->member_ended(object, name);
  };
  g_signal_connect(parser.get(), "object-member", G_CALLBACK(member_ended), &watch);
  const Status loaded = load(parser.get(), text);
  if (!loaded) return loaded.error();
  return invalid(watch.error.empty() ? "1:1: a name is given twice in the same object" : watch.error);
}

std::string valid_utf8(std::string_view text) {
  return CString(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()))).get();
}

}  // namespace

std::string to_string(TextPosition at) { return std::to_string(at.line) + ":" + std::to_string(at.column); }

const JsonMember *JsonValue::member(std::string_view name) const {
  for (const JsonMember &m : members)
    if (m.name == name) return &m;
  return nullptr;
}

Result<JsonValue> parse_json(std::string_view text, const JsonLimits &limits) {
  if (text.empty()) text = "";  // a view of nothing has no address, and the parser insists on one
  if (text.size() > limits.bytes)
    return invalid("1:1: longer than " + std::to_string(limits.bytes) + " bytes");
  const char *end = nullptr;
  if (!g_utf8_validate_len(text.data(), text.size(), &end))
    return invalid(to_string(position_of(text.data(), end)) + ": expected UTF-8 text without NUL");
  REC_TRY(const JsonScan scan, scan_json(text, limits));

  const auto parser = Ref<JsonParser>::adopt(json_parser_new());
  REC_CHECK(load(parser.get(), text));
  JsonNode *const root = json_parser_get_root(parser.get());
  if (!root) return invalid("1:1: expected a JSON value, found nothing");
  TreeCopy tree(scan);
  JsonValue value = tree.copy(root);
  if (tree.incomplete()) return duplicate_in(text, scan);
  return value;
}

namespace {

JsonNode *node_of(const JsonValue &value);

JsonNode *array_node(const JsonValue &value) {
  JsonArray *const array = json_array_new();
  for (const JsonValue &element : value.elements) json_array_add_element(array, node_of(element));
  JsonNode *const node = json_node_new(JSON_NODE_ARRAY);
  json_node_take_array(node, array);
  return node;
}

JsonNode *object_node(const JsonValue &value) {
  JsonObject *const object = json_object_new();
  for (const JsonMember &member : value.members)
    json_object_set_member(object, member.name.c_str(), node_of(member.value));
  JsonNode *const node = json_node_new(JSON_NODE_OBJECT);
  json_node_take_object(node, object);
  return node;
}

// As deep as what parse_json() lets through. The caller owns it.
JsonNode *node_of(const JsonValue &value) {
  switch (value.kind) {
    case JsonValue::Kind::boolean:
      return json_node_init_boolean(json_node_alloc(), value.boolean ? TRUE : FALSE);
    case JsonValue::Kind::integer:
      return json_node_init_int(json_node_alloc(), value.integer);
    case JsonValue::Kind::real:
      return json_node_init_double(json_node_alloc(), value.real);
    case JsonValue::Kind::string:
      return json_node_init_string(json_node_alloc(), value.string.c_str());
    case JsonValue::Kind::array:
      return array_node(value);
    case JsonValue::Kind::object:
      return object_node(value);
    case JsonValue::Kind::null:
      break;
  }
  return json_node_init_null(json_node_alloc());
}

}  // namespace

struct JsonObjectWriter::Members {
  Ref<JsonObject> object = Ref<JsonObject>::adopt(json_object_new());
};

JsonObjectWriter::JsonObjectWriter() : members_(std::make_unique<Members>()) {}
JsonObjectWriter::~JsonObjectWriter() = default;
JsonObjectWriter::JsonObjectWriter(JsonObjectWriter &&) noexcept = default;
JsonObjectWriter &JsonObjectWriter::operator=(JsonObjectWriter &&) noexcept = default;

JsonObjectWriter &JsonObjectWriter::text(const char *name, std::string_view value) {
  json_object_set_string_member(members_->object.get(), name, valid_utf8(value).c_str());
  return *this;
}

JsonObjectWriter &JsonObjectWriter::number(const char *name, std::int64_t value) {
  json_object_set_int_member(members_->object.get(), name, value);
  return *this;
}

JsonObjectWriter &JsonObjectWriter::real(const char *name, double value) {
  json_object_set_double_member(members_->object.get(), name, value);
  return *this;
}

JsonObjectWriter &JsonObjectWriter::flag(const char *name, bool value) {
  json_object_set_boolean_member(members_->object.get(), name, value);
  return *this;
}

JsonObjectWriter &JsonObjectWriter::object(const char *name, JsonObjectWriter value) {
  json_object_set_object_member(members_->object.get(), name, value.members_->object.release());
  return *this;
}

JsonObjectWriter &JsonObjectWriter::texts(const char *name, const std::vector<std::string> &values) {
  JsonArray *const array = json_array_new();
  for (const std::string &value : values) json_array_add_string_element(array, valid_utf8(value).c_str());
  json_object_set_array_member(members_->object.get(), name, array);
  return *this;
}

JsonObjectWriter &JsonObjectWriter::value(const char *name, const JsonValue &value) {
  json_object_set_member(members_->object.get(), name, node_of(value));
  return *this;
}

JsonObjectWriter &JsonObjectWriter::objects(const char *name, std::vector<JsonObjectWriter> values) {
  JsonArray *const array = json_array_new();
  for (JsonObjectWriter &value : values)
    json_array_add_object_element(array, value.members_->object.release());
  json_object_set_array_member(members_->object.get(), name, array);
  return *this;
}

std::string JsonObjectWriter::to_string(JsonLayout layout) const {
  const std::unique_ptr<JsonNode, Freer<json_node_unref>> root(json_node_new(JSON_NODE_OBJECT));
  json_node_set_object(root.get(), members_->object.get());
  std::string text = CString(json_to_string(root.get(), layout == JsonLayout::indented)).get();
  // The one control character that json-glib 1.6 forgets.
  for (std::size_t at = 0; (at = text.find('\x1F', at)) != std::string::npos;) text.replace(at, 1, "\\u001f");
  return text;
}

}  // namespace rec
