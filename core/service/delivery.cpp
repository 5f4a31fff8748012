// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/delivery.h"

#include <utility>

#include "core/model/retry_schedule.h"
#include "core/service/object_store.h"
#include "core/service/tencent_payload.h"

namespace rec {
namespace {

Result<DeliverOne> make_upload(const Destinations &destinations, const std::string &name, HttpClient &http,
                               const Clock &clock) {
  const auto settings = destinations.stores.find(name);
  if (settings == destinations.stores.end())
    return Error{Errc::invalid_argument, "no storage is named '" + name + "' in the configuration"};
  StoreCredentials credentials;
  if (const auto c = destinations.credentials.find(name); c != destinations.credentials.end())
    credentials = c->second;
  REC_TRY(auto store, make_object_store(settings->second, std::move(credentials), http, clock));
  // Shared because std::function copies what it holds; nobody else has it.
  return DeliverOne(
      [store = std::shared_ptr<ObjectStore>(std::move(store)), classes = destinations.storage_classes](
          const Owed &owed, const RememberUpload &remember, GCancellable *cancel) {
        const Format format = owed.file ? owed.file->format : Format::hls;
        const auto of_format = classes.find({owed.recording.template_name, format});
        NewObject object;
        object.directory = owed.recording.directory;
        object.path = owed.path;
        if (of_format != classes.end()) object.storage_class = of_format->second;
        object.upload_id = owed.upload_id;
        object.remember = remember;
        return store->put(object, cancel);
      });
}

Result<std::string> call_back(const CallbackTarget &target, const std::string &key, const Owed &owed,
                              HttpClient &http, UtcTime now, GCancellable *cancel) {
  HttpRequest request;
  request.method = "POST";
  request.url = target.url;
  request.content_type = "application/json";
  request.body = tencent_payload(owed, key, now);
  request.headers = {{"X-Recording-Event-Id", owed.event_id}};
  REC_TRY(const HttpResponse answer, http.send(request, cancel));
  if (answer.status != 200)  // spec 5.1: only 200 is success
    return Error{Errc::unavailable, redacted_url(target.url) + " answered " + std::to_string(answer.status)};
  return redacted_url(target.url);
}

Result<DeliverOne> make_callback(const Destinations &destinations, const std::string &name, HttpClient &http,
                                 const Clock &clock) {
  const auto found = destinations.callbacks.find(name);
  if (found == destinations.callbacks.end())
    return Error{Errc::invalid_argument, "no callback is named '" + name + "' in the configuration"};
  const CallbackTarget &target = found->second;
  if (target.schema != "tencent")
    return Error{Errc::invalid_argument,
                 "callback '" + name + "' has the unknown schema '" + target.schema + "'"};
  std::string key;
  if (!target.key_env.empty()) {
    const auto k = destinations.callback_keys.find(name);
    if (k == destinations.callback_keys.end() || k->second.empty())
      return Error{Errc::denied,
                   "callback '" + name + "' has no key: the environment has no " + target.key_env};
    key = k->second;
  }
  return DeliverOne(
      [target, key, &http, &clock](const Owed &owed, const RememberUpload &, GCancellable *cancel) {
        return call_back(target, key, owed, http, clock.now_utc(), cancel);
      });
}

}  // namespace

DeliverOne make_deliverer(const Destinations &destinations, const OwedTarget &target, HttpClient &http,
                          const Clock &clock) {
  auto made = target.kind == OwedKind::upload ? make_upload(destinations, target.name, http, clock)
                                              : make_callback(destinations, target.name, http, clock);
  if (made) return *std::move(made);
  return [error = made.error()](const Owed &, const RememberUpload &, GCancellable *) -> Result<std::string> {
    return error;
  };
}

Result<std::optional<DeliveryReport>> deliver_next(Catalogue &catalogue, const std::string &lease,
                                                   const OwedTarget &target, const DeliverOne &deliver,
                                                   double jitter, const Clock &clock, GCancellable *cancel) {
  REC_TRY(const auto taken, catalogue.take_due(lease, target, 1));
  if (taken.empty()) return std::optional<DeliveryReport>{};
  const Owed &owed = taken.front();
  DeliveryReport report;
  report.target = target;
  report.location = owed.path;
  report.attempt = owed.attempts + 1;
  const auto remember = [&](const std::string &id) { return catalogue.remember_upload(owed.id, lease, id); };
  const auto result = deliver(owed, remember, cancel);
  if (!result && result.error().code == Errc::cancelled) {
    REC_CHECK(catalogue.give_back(owed.id, lease));
    return result.error();
  }
  if (result) {
    report.url = *result;
    REC_CHECK(catalogue.done(owed.id, lease, *result));
    return std::optional(std::move(report));
  }
  const Nanoseconds delay = target.kind == OwedKind::upload ? upload_retry_delay(report.attempt, jitter)
                                                            : callback_retry_delay(report.attempt);
  report.error = result.error();
  report.retry = clock.now_utc() + std::chrono::duration_cast<std::chrono::microseconds>(delay);
  REC_CHECK(catalogue.retry(owed.id, lease, *report.retry, report.error->message));
  return std::optional(std::move(report));
}

}  // namespace rec
