// SPDX-License-Identifier: LGPL-2.1-or-later
// What rulebin decides and builds on READY->PAUSED.
#include <utility>

#include "core/model/name_pattern.h"
#include "core/service/explanation.h"
#include "core/service/record_answer.h"
#include "core/service/recovery.h"
#include "ext/rulebin/rule_bin.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

// Identities come from the network; messages must be UTF-8.
std::string displayable(const std::string &text) {
  return CString(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()))).get();
}

std::string absolute(const std::string &path) {
  return CString(g_canonicalize_filename(path.c_str(), nullptr)).get();
}

Result<std::string> directory_of(const RuleBinSettings &settings) {
  if (settings.directory.empty() || settings.directory.find_first_of("{}") != std::string::npos)
    return Error{Errc::invalid_argument, "directory: expected the name of a directory without '{' and '}'"};
  return absolute(settings.directory);
}

std::string who(const PushIdentity &push) {
  return "domain '" + displayable(push.domain) + "', app '" + displayable(push.app) + "', stream '" +
         displayable(push.stream) + "'";
}

}  // namespace

// Once for every change of the file.
void RuleBin::tell_about(const ConfigurationInForce &in_force) {
  if (std::exchange(told_change_, in_force.change) == in_force.change) return;
  if (in_force.is_outdated())
    post_warning(bin_, {Errc::invalid_argument,
                        "the configuration has changed and cannot be used; what was read before stays in "
                        "force: " +
                            configuration_error(in_force.loaded).message});
  for (const std::string &notice : in_force.loaded.notices)
    post_warning(bin_, {Errc::invalid_argument, notice});
}

Result<RuleBin::Plan> RuleBin::make_plan(const std::string &config, const PushIdentity &push) {
  if (config.empty())
    return Error{Errc::invalid_argument, "config: expected the path of a configuration file, found nothing"};
  const auto in_force = shared_configuration(config)->sample();
  if (!in_force->loaded.configuration) return configuration_error(in_force->loaded);
  tell_about(*in_force);

  Plan plan;
  plan.configuration = in_force->loaded.configuration;
  const TemplateChoice choice = choose_template(*in_force->loaded.configuration, push);
  if (!choice.recording) {
    plan.why_not = "no rule of " + config + " matches " + who(push);
    return plan;
  }
  const RecordingRule &rule = *choice.match.winner;
  plan.rule = std::string(name_of(rank_of(rule))) + " (" + rule.origin + ")";
  plan.recording_template = *choice.recording;
  plan.trigger = choice.recording->trigger.kind;
  if (plan.trigger == TriggerKind::ingest_parameter) heed_push_url(plan, push);
  if (!plan.recording_template.records())
    plan.why_not = "template '" + plan.recording_template.name + "' has no formats";
  return plan;
}

std::string RuleBin::explain() {
  const RuleBinSettings now = settings.copy();
  std::string text;
  {
    MutexLock lock(mutex_);
    if (desk_)
      text = "begun: template \"" + template_ + "\" by " + (rule_.empty() ? "no rule" : rule_) + "\n";
  }
  const auto in_force = shared_configuration(now.config)->sample();
  if (!in_force->loaded.problems.empty())
    text += "mistakes: " + configuration_error(in_force->loaded).message + "\n";
  const PushIdentity push = identity_.copy().value_or(PushIdentity{now.domain, now.app, now.stream, ""});
  if (in_force->loaded.configuration)
    text += to_string(explain_push(*in_force->loaded.configuration, push, false));
  return displayable(text);
}

void RuleBin::heed_push_url(Plan &plan, const PushIdentity &push) {
  plan.trigger = TriggerKind::manual;
  const auto said = parse_ingest_parameters(push.stream_param);
  const RecordDecision decision = said ? decide(plan.recording_template, *said) : RecordDecision();
  plan.why_not_yet = said ? decision.why_not : said.error().message;
  for (const std::string &ignored : decision.ignored) post_warning(bin_, {Errc::invalid_argument, ignored});
  if (!decision.recording) return;
  plan.recording_template = *decision.recording;
  plan.audio_only = decision.audio_only;
  plan.trigger = TriggerKind::automatic;
}

Status RuleBin::start() {
  const RuleBinSettings now = settings.copy();
  if (!now.uri_error.empty()) return Error{Errc::invalid_argument, "uri: " + now.uri_error};
  push_ = identity_.copy().value_or(PushIdentity{now.domain, now.app, now.stream, now.stream_param});
  REC_TRY(const std::string directory, directory_of(now));
  REC_TRY(Plan plan, make_plan(now.config, push_));
  directory_ = directory;
  configuration_ = plan.configuration;

  const NameFacts facts{.domain = push_.domain,
                        .app = push_.app,
                        .stream = push_.stream,
                        .record_id = random_decimal_id(),
                        .random_id = random_decimal_id(),
                        .start = clock_.now_utc()};
  if (plan.recording_template.records()) {
    const auto names = bind_names(plan.recording_template, directory, facts);
    if (!names) plan.why_not = names.error().message;
  }
  {
    MutexLock lock(mutex_);
    template_ = plan.recording_template.name;
    rule_ = plan.rule;
  }
  REC_CHECK(open_desk(absolute(now.catalogue.empty() ? directory + "/catalogue.db" : now.catalogue)));
  if (!in_place_)
    for (PushInputs *inputs : all_inputs()) inputs->reset();
  inputs_.let_standby_in(plan.recording_template.standby);
  if (plan.why_not.empty())
    if (const Status added = add_template_branches(plan, facts); !added) post_warning(bin_, added.error());
  announce(plan, push_);
  return watch_stream(*desk());
}

Status RuleBin::open_desk(const std::string &path) {
  REC_TRY(const auto opened, CatalogueDesk::open(path, clock_));
  {
    MutexLock lock(mutex_);
    desk_ = opened;
  }
  numbers_.with([](Numbers &n) { n = Numbers(); });
  joins_ = std::make_unique<Joins>(bin_, *opened, clock_, [this] { look_after(); });
  (void)post([this](CatalogueDesk &at) { recover_others(at); });
  return ok();
}

void RuleBin::recover_others(CatalogueDesk &at) {
  const auto report = recover(at.catalogue(), at.path(), at.owner(), clock_);
  if (!report) {
    numbers_.with([](Numbers &n) { ++n.gone.lost_rows; });
    post_warning(bin_, {report.error().code, "what earlier recorders left behind is not in the catalogue: " +
                                                 report.error().message});
    return;
  }
  for (const Error &error : report->errors) post_warning(bin_, error);
  for (const std::int64_t id : report->joins) joins_->start(id);
}

void RuleBin::announce(const Plan &plan, const PushIdentity &push) {
  const std::string &why_not = plan.why_not.empty() ? plan.why_not_yet : plan.why_not;
  MessageBuilder message(why_not.empty() ? "rulebin-matched" : "rulebin-not-recorded");
  message.field("template", plan.recording_template.name).field("rule", plan.rule);
  if (!why_not.empty()) message.field("reason", displayable(why_not));
  message.field("domain", displayable(push.domain))
      .field("app", displayable(push.app))
      .field("stream", displayable(push.stream))
      .post(bin_);
}

}  // namespace rec
