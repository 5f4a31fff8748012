// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/explanation.h"

#include <utility>

#include "core/model/recording_names.h"
#include "core/service/config_reader.h"

namespace rec {
namespace {

constexpr std::size_t kMostOthers = 20;  // rules that do not fit

std::string seconds_text(Nanoseconds duration) {
  return duration_text(std::chrono::duration_cast<Seconds>(duration));
}

std::string rule_text(const RecordingRule &rule) {
  return std::string(name_of(rank_of(rule))) + " (" + rule.origin + ")";
}

class Explainer {
 public:
  Explainer(const Configuration &configuration, const PushIdentity &push, bool addresses)
      : configuration_(configuration), push_(push), addresses_(addresses) {}

  Explanation explain() {
    add("push", "domain " + push_.domain + ", app " + push_.app + ", stream " + push_.stream);
    const TemplateChoice choice = choose_template(configuration_, push_);
    if (!choice.recording) {
      add("recorded", "no: no rule matches");
      add_others();
      return std::move(explanation_);
    }
    const RecordingTemplate &t = *choice.recording;
    add("template", "\"" + t.name + "\"");
    add("because", rule_text(*choice.match.winner));
    for (const RecordingRule *rule : choice.match.weaker)
      add("weaker", "template \"" + rule->template_name + "\" by " + rule_text(*rule) + ": " +
                        std::string(name_of(rank_of(*choice.match.winner))) + " is narrower");
    add_others();
    if (t.records())
      add_recording(t);
    else
      add("recorded", "no: the template has no formats");
    return std::move(explanation_);
  }

 private:
  void add(std::string label, std::string text) {
    explanation_.lines.push_back({std::move(label), std::move(text)});
  }

  // Rules of the domain that do not fit; of those of other domains there may be very many.
  void add_others() {
    std::size_t others = 0;
    std::size_t other_domains = 0;
    for (const RecordingRule &rule : configuration_.rules.all()) {
      const std::string why = why_not(rule, push_);
      if (why.empty()) continue;
      if (!same_domain(rule.domain, push_.domain))
        ++other_domains;
      else if (++others <= kMostOthers)
        add("other", "template \"" + rule.template_name + "\" by " + rule_text(rule) + ": " + why);
    }
    if (others > kMostOthers)
      add("other", std::to_string(others - kMostOthers) + " more rules of the domain do not fit");
    if (other_domains > 0) add("other", std::to_string(other_domains) + " rules are for other domains");
  }

  void add_recording(const RecordingTemplate &t) {
    for (const FileFormat &file : t.files)
      add("format",
          std::string(name_of(file.format)) + ", cycle " + seconds_text(file.cycle) +
              (t.splices(file.format) ? ", splice-timeout " + seconds_text(file.splice_timeout) : ""));
    if (t.hls)
      add("format", "hls, segments of " + duration_text(t.hls->segment) + ", splice-timeout " +
                        seconds_text(t.hls->splice_timeout) +
                        (t.hls->cycle > Nanoseconds(0) ? ", cycle " + seconds_text(t.hls->cycle) : ""));
    if (!add_names(t)) return;
    explanation_.recorded = true;
    add("trigger", std::string(name_of(t.trigger.kind)));
    std::string contents;
    for (const Content &content : t.content) contents += (contents.empty() ? "" : ", ") + name_of(content);
    add("content", contents + (t.standby ? ", with what is shown while the publisher is away" : ""));
    if (t.restart_after > Seconds(0)) add("restart-after", seconds_text(t.restart_after));
    add("time-zone", t.time_zone);
    add("storage", t.store.empty() ? "none: files stay where they are"
                                   : with_address(t.store, configuration_.stores.at(t.store).uri));
    for (const std::string &name : t.callbacks)
      add("callback", with_address(name, address_of(configuration_.callbacks.at(name))));
  }

  // Without its query, which is a secret.
  static std::string address_of(const CallbackTarget &target) {
    if (!target.url_env.empty()) return "the address in " + target.url_env;
    return target.url.substr(0, target.url.find('?'));
  }

  std::string with_address(const std::string &name, const std::string &address) const {
    return addresses_ ? name + " (" + address + ")" : name;
  }

  // False: the push cannot be recorded under the template's names.
  bool add_names(const RecordingTemplate &t) {
    NameFacts facts;
    facts.domain = push_.domain;
    facts.app = push_.app;
    facts.stream = push_.stream;
    facts.record_id = "<RecordId>";
    facts.random_id = "<RandomID>";
    const auto names = bind_names(t, "", facts);
    if (!names) {
      add("recorded", "no: " + names.error().message);
      return false;
    }
    for (const FileFormat &file : t.files)
      add("name", names->files.at(file.format) + "." + std::string(extension_of(file.format)));
    if (t.hls) add("name", names->playlist);
    if (!names->segments.empty()) add("segments", names->segments);
    return true;
  }

  const Configuration &configuration_;
  const PushIdentity &push_;
  const bool addresses_;
  Explanation explanation_;
};

}  // namespace

Explanation explain_push(const Configuration &configuration, const PushIdentity &push, bool addresses) {
  return Explainer(configuration, push, addresses).explain();
}

std::string to_string(const Explanation &explanation) {
  std::string text;
  for (const Explanation::Line &line : explanation.lines) text += line.label + ": " + line.text + "\n";
  return text;
}

}  // namespace rec
