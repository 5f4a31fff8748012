// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/configuration.h"

#include <algorithm>
#include <utility>

#include "core/io/files.h"
#include "core/model/utf8.h"
#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr std::size_t kMaxName = 64;        // bytes of a template's, store's or callback's name
constexpr std::size_t kMaxIdentity = 1024;  // bytes of a rule's domain, app or stream

// The members of an object whose names are free: templates, stores, callbacks, jobs.
template <typename Read>
void read_map(ConfigNotes &notes, const std::optional<Field> &field, Read read) {
  if (!field) return;
  const ObjectReader reader(notes.problems, *field);
  for (const JsonMember &member : reader.members()) {
    if (member.name.empty() || member.name.size() > kMaxName || !is_printable_utf8(member.name))
      notes.problems.expected(member.at, field->path, "names of 1 to " + std::to_string(kMaxName) + " bytes",
                              "one of " + std::to_string(member.name.size()));
    read(reader.field(member), member.name);
  }
}

std::string read_identity(ConfigNotes &notes, const std::optional<Field> &field) {
  if (!field) return {};
  const std::string what = "a string of at most " + std::to_string(kMaxIdentity) + " bytes";
  const bool fits =
      field->value.kind == JsonValue::Kind::string && field->value.string.size() <= kMaxIdentity;
  if (!fits) notes.problems.expected(field->value.at, field->path, what, describe_kind(field->value));
  return fits ? field->value.string : "";
}

std::string read_domain(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "a host name without scheme and port";
  const auto domain = read_text(notes.problems, field, kWhat);
  if (!domain) return {};
  const bool ipv6 = domain->starts_with('[') && domain->ends_with(']');
  if (domain->size() > 253 || domain->find_first_of("/*?#@ \t\\") != std::string::npos ||
      !is_printable_utf8(*domain) || (!ipv6 && domain->find(':') != std::string::npos))
    notes.problems.expected(field.value.at, field.path, kWhat, describe(field.value));
  return *domain;
}

void read_rule(ConfigNotes &notes, const Field &field, Configuration &configuration) {
  ObjectReader reader(notes.problems, field);
  RecordingRule rule;
  rule.origin = notes.problems.origin(field.at);
  if (const auto domain = reader.need("domain", "a host name")) rule.domain = read_domain(notes, *domain);
  rule.app = read_identity(notes, reader.take("app"));
  rule.stream = read_identity(notes, reader.take("stream"));
  if (const auto name = reader.need("template", "the name of a template"))
    rule.template_name = read_reference(notes, *name, configuration.templates, "template");
  reader.finish();
  if (rule.domain.empty()) return;
  if (const auto earlier = configuration.rules.add(std::move(rule)))
    notes.problems.expected(field.at, field.path, "every domain, app and stream once",
                            "the same as at " + earlier->origin);
}

// How many templates and rules there may be, in a file that many people write to (spec 1.3: 50 of each).
void read_limits(ConfigNotes &notes, const Field &field, const Configuration &configuration) {
  ObjectReader reader(notes.problems, field);
  const auto check = [&](const char *name, std::size_t found) {
    const auto member = reader.take(name);
    const auto most = member ? read_count(notes.problems, *member, 0, INT32_MAX) : std::nullopt;
    if (most && found > static_cast<std::size_t>(*most))
      notes.problems.expected(member->at, member->path, "at most " + std::to_string(*most) + " " + name,
                              std::to_string(found));
  };
  check("templates", configuration.templates.size());
  check("rules", configuration.rules.size());
  reader.finish();
}

void read_root(ConfigNotes &notes, const JsonValue &root, Configuration &configuration) {
  ObjectReader reader(notes.problems, {root, root.at, ""});
  const auto templates = reader.need("templates", "an object with a member per template");
  const auto rules = reader.need("rules", "an array of rules");
  read_map(notes, reader.take("storage"), [&](const Field &field, const std::string &name) {
    configuration.stores[name] = read_store(notes, field, name);
  });
  read_map(notes, reader.take("callbacks"), [&](const Field &field, const std::string &name) {
    configuration.callbacks[name] = read_callback(notes, field, name);
  });
  read_map(notes, reader.take("jobs"), [&](const Field &field, const std::string &name) {
    configuration.jobs[name] = read_job(notes, field, name);
  });
  read_map(notes, templates, [&](const Field &field, const std::string &name) {
    configuration.templates[name] = read_template(notes, field, name, configuration);
  });
  if (rules) {
    configuration.rules.reserve(rules->value.elements.size());
    for (const Field &rule : read_list(notes.problems, *rules, "an array of rules"))
      read_rule(notes, rule, configuration);
  }
  if (const auto spool = reader.take("spool")) configuration.spool = read_spool(notes, *spool);
  if (const auto limits = reader.take("limits")) read_limits(notes, *limits, configuration);
  if (const auto schema = reader.take("$schema"))
    read_text(notes.problems, *schema, "the address of a schema");
  reader.finish();
}

}  // namespace

TemplateChoice choose_template(const Configuration &configuration, const PushIdentity &push) {
  TemplateChoice choice;
  choice.match = configuration.rules.match(push);
  if (!choice.match.winner) return choice;
  const auto found = configuration.templates.find(choice.match.winner->template_name);
  if (found != configuration.templates.end()) choice.recording = &found->second;
  return choice;
}

LoadedConfiguration parse_configuration(std::string_view text, const std::string &file) {
  const auto root = parse_json(text);
  if (!root) return {nullptr, {file + ":" + root.error().message}, {}};
  ConfigNotes notes{Problems(file), Problems(file)};
  auto configuration = std::make_shared<Configuration>();
  read_root(notes, *root, *configuration);
  LoadedConfiguration loaded{nullptr, notes.problems.take(), notes.notices.take()};
  if (loaded.problems.empty()) loaded.configuration = std::move(configuration);
  return loaded;
}

LoadedConfiguration unreadable_configuration(const Error &why) {
  return {nullptr, {"configuration: " + why.message}, {}};
}

LoadedConfiguration load_configuration(const std::string &path) {
  const auto text = read_file(path, kMaxConfigurationFile);
  if (!text) return unreadable_configuration(text.error());
  return parse_configuration(*text, path);
}

Error configuration_error(const LoadedConfiguration &loaded) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, loaded.problems.size()); ++i)
    text += (i > 0 ? "; " : "") + loaded.problems[i];
  if (loaded.problems.size() > kShown)
    text += "; and " + std::to_string(loaded.problems.size() - kShown) + " more";
  return Error{Errc::invalid_argument, text};
}

}  // namespace rec
