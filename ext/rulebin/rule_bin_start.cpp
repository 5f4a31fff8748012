// SPDX-License-Identifier: LGPL-2.1-or-later
// What rulebin decides and builds on READY->PAUSED.
#include <utility>

#include "core/base/time_zone.h"
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

Result<RuleBin::Plan> RuleBin::make_plan(const std::string &config, const PushIdentity &push) {
  if (config.empty())
    return Error{Errc::invalid_argument, "config: expected the path of a configuration file, found nothing"};
  const auto loaded = load_configuration(config);
  if (!loaded.configuration) return configuration_error(loaded);
  for (const std::string &notice : loaded.notices) post_warning(bin_, {Errc::invalid_argument, notice});

  Plan plan;
  const TemplateChoice choice = choose_template(*loaded.configuration, push);
  if (!choice.recording) {
    plan.why_not = "no rule of " + config + " matches " + who(push);
    return plan;
  }
  const RecordingRule &rule = *choice.match.winner;
  plan.rule = std::string(name_of(rank_of(rule))) + " (" + rule.origin + ")";
  plan.recording_template = *choice.recording;
  if (!plan.recording_template.records())
    plan.why_not = "template '" + plan.recording_template.name + "' has no formats";
  return plan;
}

Status RuleBin::name_files(Plan &plan, const PushIdentity &push, const std::string &directory,
                           const std::string &session_id) {
  NameFacts facts;
  facts.domain = push.domain;
  facts.app = push.app;
  facts.stream = push.stream;
  facts.record_id = session_id;
  facts.random_id = random_decimal_id();
  facts.start = clock_.now_utc();
  REC_TRY(plan.names, bind_names(plan.recording_template, directory, facts));
  return ok();
}

Status RuleBin::start() {
  const RuleBinSettings now = settings.copy();
  if (!now.uri_error.empty()) return Error{Errc::invalid_argument, "uri: " + now.uri_error};
  const PushIdentity push{now.domain, now.app, now.stream, now.stream_param};
  REC_TRY(const std::string directory, directory_of(now));
  REC_TRY(Plan plan, make_plan(now.config, push));

  const std::string session_id = random_decimal_id();
  if (plan.recording_template.records()) {
    if (const Status named = name_files(plan, push, directory, session_id); !named) {
      plan.why_not = named.error().message;
      plan.recording_template.hls.reset();
      plan.recording_template.files.clear();
    }
  }
  {
    MutexLock lock(mutex_);
    time_zone_ = plan.recording_template.time_zone;
    template_ = plan.recording_template.name;
    rule_ = plan.rule;
  }
  const std::string catalogue = absolute(now.catalogue.empty() ? directory + "/catalogue.db" : now.catalogue);
  REC_CHECK(open_desk(catalogue, {.push = push,
                                  .owner = "",
                                  .session_id = session_id,
                                  .directory = directory,
                                  .recording_template = plan.recording_template,
                                  .task = ""}));
  branches_.reset();
  add_recorders(plan);
  announce(plan, push);
  return ok();
}

Status RuleBin::open_desk(const std::string &path, PushSession::Facts facts) {
  auto desk = std::make_shared<Desk>();
  desk->catalogue_path = path;
  Status opened = ok();
  const bool ran = desk->worker.call([&] {
    opened = [&]() -> Status {
      REC_TRY(auto catalogue, Catalogue::open(path, clock_));
      REC_TRY(desk->lease, process_owner(path));
      facts.owner = desk->lease->id();
      desk->session.emplace(std::move(catalogue), clock_, std::move(facts));
      return ok();
    }();
  });
  if (!ran) return Error{Errc::unavailable, "the catalogue's thread does not run"};
  if (!opened) return Error{opened.error().code, "catalogue: " + opened.error().message};
  {
    MutexLock lock(mutex_);
    desk_ = desk;
  }
  numbers_.with([](Numbers &n) { n = Numbers(); });
  note("what earlier recorders left behind",
       [this, path, owner = desk->lease->id()](PushSession &s) -> Status {
         REC_TRY(const RecoveryReport report, recover(s.catalogue(), path, owner, clock_));
         for (const Error &error : report.errors) post_warning(bin_, error);
         s.add_joins(report.joins);
         return ok();
       });
  return ok();
}

void RuleBin::add_recorders(const Plan &plan) {
  for (const FileGroup &files : file_recorders(plan.recording_template))
    add_recorder(make_file_recorder(files, plan), "recsink");
  if (plan.recording_template.hls) add_recorder(make_hls_recorder(plan), "splicesink");
}

void RuleBin::add_recorder(const Ref<GstElement> &recorder, const char *factory) {
  if (!recorder)
    post_warning(bin_, {Errc::not_found, std::string("recorder failed: there is no element '") + factory +
                                             "': install the gstrecording plugin"});
  else if (!branches_.add_recorder(recorder))
    post_warning(bin_,
                 {Errc::unavailable, std::string("recorder failed: '") + factory + "' could not start"});
}

Ref<GstElement> RuleBin::make_file_recorder(const FileGroup &files, const Plan &plan) {
  const std::string formats = join_formats(files.formats);
  auto element = Ref<GstElement>::sink(gst_element_factory_make("recsink", formats.c_str()));
  if (!element) return element;
  g_object_set(element.get(), "formats", formats.c_str(), "cycle", static_cast<guint64>(files.cycle.count()),
               "time-zone", plan.recording_template.time_zone.c_str(), "recover", FALSE,
               nullptr);  // the catalogue's task
  for (const Format format : files.formats) {
    const std::string property = std::string(name_of(format)) + "::location";
    gst_child_proxy_set(GST_CHILD_PROXY(element.get()), property.c_str(), plan.names.files.at(format).c_str(),
                        nullptr);
  }
  return element;
}

Ref<GstElement> RuleBin::make_hls_recorder(const Plan &plan) {
  auto element = Ref<GstElement>::sink(gst_element_factory_make("splicesink", "hls"));
  if (!element) return element;
  const HlsFormat &hls = *plan.recording_template.hls;
  // The recording is all formats', so that no recorder may end it while the others go on.
  g_object_set(element.get(), "idle-timeout", static_cast<guint64>(0), "segment-format",
               static_cast<int>(hls.segment_format), "playlist-location", plan.names.playlist.c_str(),
               "target-duration", static_cast<guint>(hls.segment.count()), "splice-timeout",
               static_cast<guint64>(hls.splice_timeout.count()), "time-zone",
               plan.recording_template.time_zone.c_str(), "cycle", static_cast<guint64>(hls.cycle.count()),
               nullptr);
  if (!plan.names.segments.empty())
    g_object_set(element.get(), "location", plan.names.segments.c_str(), nullptr);
  g_signal_connect(element.get(), "claim-recording", G_CALLBACK(on_claim), this);
  g_signal_connect(element.get(), "poll-hold", G_CALLBACK(on_poll_hold), this);
  return element;
}

void RuleBin::announce(const Plan &plan, const PushIdentity &push) {
  MessageBuilder message(plan.why_not.empty() ? "rulebin-matched" : "rulebin-not-recorded");
  message.field("template", plan.recording_template.name).field("rule", plan.rule);
  if (!plan.why_not.empty()) message.field("reason", displayable(plan.why_not));
  message.field("domain", displayable(push.domain))
      .field("app", displayable(push.app))
      .field("stream", displayable(push.stream))
      .post(bin_);
}

}  // namespace rec
