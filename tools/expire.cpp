// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/expiry.h"

#include <cstdio>
#include <utility>

#include "core/io/json.h"
#include "core/model/recording_template.h"
#include "core/service/housekeeper.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/print.h"

namespace rec::tool {
namespace {

struct Planned {
  std::string template_name;
  ExpiryPlan plan;
  std::vector<std::string> ids;  // of what would go
};

Result<std::vector<Planned>> plan(Catalogue &catalogue, const RetentionPolicies &policies) {
  std::vector<Planned> list;
  for (const auto &[name, policy] : policies) {
    Planned one{.template_name = name, .plan = {}, .ids = {}};
    REC_TRY(one.plan, plan_expiry(catalogue, name, policy, free_bytes_of));
    for (const Expiry &expiry : one.plan.expired) {
      REC_TRY(const Recording recording, catalogue.recording(expiry.id));
      one.ids.push_back(recording.session_id);
    }
    list.push_back(std::move(one));
  }
  return list;
}

std::string forecast_text(const RetentionForecast &f) {
  std::string text = std::to_string(f.recordings) + " recordings, " + size_text(f.bytes) + "; per day " +
                     size_text(static_cast<std::uint64_t>(f.bytes_per_day)) + "; ";
  char days[64] = "keeps all for ever";
  if (f.keeps)
    std::snprintf(days, sizeof days, "keeps %.1f days (%s)", static_cast<double>(f.keeps->count()) / 86'400,
                  std::string(name_of(*f.because_of)).c_str());
  text += days;
  for (const auto &[format, age] : f.formats) {
    std::snprintf(days, sizeof days, ", its %s %.1f days", std::string(name_of(format)).c_str(),
                  static_cast<double>(age.count()) / 86'400);
    text += days;
  }
  return text;
}

JsonObjectWriter json_of(const Planned &planned) {
  const RetentionForecast &f = planned.plan.forecast;
  std::vector<JsonObjectWriter> expired;
  for (std::size_t i = 0; i < planned.ids.size(); ++i) {
    expired.emplace_back();
    const Expiry &expiry = planned.plan.expired[i];
    expired.back().text("session_id", planned.ids[i]).text("reason", name_of(expiry.reason));
    if (!expiry.formats.empty()) expired.back().text("formats", join_formats(expiry.formats));
  }
  JsonObjectWriter json;
  json.text("template", planned.template_name)
      .objects("expired", std::move(expired))
      .number("recordings", static_cast<std::int64_t>(f.recordings))
      .number("bytes", static_cast<std::int64_t>(f.bytes))
      .real("bytes_per_day", f.bytes_per_day)
      .real("recordings_per_day", f.recordings_per_day);
  JsonObjectWriter formats;
  for (const auto &[format, age] : f.formats)
    formats.number(std::string(name_of(format)).c_str(), age.count());
  if (!f.formats.empty()) json.object("keeps_formats", std::move(formats));
  if (f.keeps) json.number("keeps", f.keeps->count()).text("because_of", name_of(*f.because_of));
  return json;
}

int dry_run(const Options &options, Catalogue &catalogue, const RetentionPolicies &policies) {
  const auto planned = plan(catalogue, policies);
  if (!planned) return failed("expire", planned.error());
  if (options.json()) {
    std::vector<JsonObjectWriter> templates;
    for (const Planned &one : *planned) templates.push_back(json_of(one));
    std::puts(JsonObjectWriter().objects("templates", std::move(templates)).to_string().c_str());
    return kDone;
  }
  for (const Planned &one : *planned) {
    print_line(one.template_name, "  " + forecast_text(one.plan.forecast));
    for (std::size_t i = 0; i < one.ids.size(); ++i) {
      const Expiry &expiry = one.plan.expired[i];
      const std::string what = expiry.formats.empty() ? "" : " " + join_formats(expiry.formats) + " alone";
      print_line("  would go", one.ids[i] + what + " because of " + std::string(name_of(expiry.reason)));
    }
  }
  if (planned->empty()) std::puts("no template has a retention: everything is kept for ever");
  return kDone;
}

}  // namespace

int expire(const std::vector<std::string> &arguments) {
  const Command &command = command_named("expire");
  const auto options = read_options(arguments, {"--config", "--catalogue"}, {"--dry-run", "--json"}, 0);
  if (!options) return usage_error(command, options.error().message);
  if (!options->has("--config")) return usage_error(command, "a configuration file is needed");
  const auto loaded = load_configuration(options->value("--config"));
  if (!loaded.configuration) return failed("expire", configuration_error(loaded));
  const SystemClock clock;
  auto catalogue = open_existing(*options, clock);
  if (!catalogue) return failed("expire", catalogue.error());
  if (options->flags.contains("--dry-run"))
    return dry_run(*options, *catalogue, retention_of(*loaded.configuration));
  const auto report = [&]() -> Result<HousekeepingReport> {
    REC_TRY(auto destinations, read_destinations(*options));
    REC_TRY(auto housekeeper, Housekeeper::create(options->catalogue(), std::move(destinations), clock));
    return housekeeper.work_once(*catalogue);
  }();
  if (!report) return failed("expire", report.error());
  for (const Error &error : report->errors) std::fprintf(stderr, "%s\n", printable(error.message).c_str());
  if (options->json())
    std::puts(JsonObjectWriter()
                  .number("expired", static_cast<std::int64_t>(report->expired))
                  .number("removed", static_cast<std::int64_t>(report->removed))
                  .to_string()
                  .c_str());
  else
    std::printf("%llu expired, %llu removed\n", static_cast<unsigned long long>(report->expired),
                static_cast<unsigned long long>(report->removed));
  return report->errors.empty() ? kDone : kMistake;
}

}  // namespace rec::tool
