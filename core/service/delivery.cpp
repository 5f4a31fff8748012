// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/delivery.h"

#include <algorithm>
#include <utility>

#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/model/retry_schedule.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

Result<Deliverer> make_upload(const Destinations &destinations, const std::string &name, HttpClient &http,
                              const Clock &clock, std::shared_ptr<StoreTraffic> traffic) {
  const auto settings = destinations.stores.find(name);
  if (settings == destinations.stores.end())
    return Error{Errc::invalid_argument, "no storage is named '" + name + "' in the configuration"};
  StoreCredentials credentials;
  if (const auto c = destinations.credentials.find(name); c != destinations.credentials.end())
    credentials = c->second;
  REC_TRY(auto made, make_object_store(settings->second, std::move(credentials), http, clock, traffic));
  // Shared by both functions.
  const std::shared_ptr<ObjectStore> store = std::move(made);
  const DeliverOne deliver = [store, classes = destinations.storage_classes](
                                 const Owed &owed, const RememberUpload &remember,
                                 GCancellable *cancel) -> Attempt {
    const Format format = owed.file ? owed.file->format : Format::hls;
    const auto of_format = classes.find({owed.recording.template_name, format});
    NewObject object;
    object.directory = owed.recording.directory;
    object.path = owed.path;
    if (of_format != classes.end()) object.storage_class = of_format->second;
    object.upload_id = owed.upload_id;
    object.remember = remember;
    object.grown = owed.grown;
    bool has_progressed = false;
    object.on_progress = [&has_progressed] { has_progressed = true; };
    Attempt attempt = store->put(object, cancel);
    attempt.has_progressed = has_progressed;
    return attempt;
  };
  return Deliverer{deliver, upload_retry_delay, std::move(traffic), [store] { return store->help(); }};
}

// What the store that has the file, or will have it, calls it; without a store its path below the spool. ""
// where that can be no key: the callback is owed all the same, and has the file's address.
std::string object_of(const Destinations &destinations, const Owed &owed) {
  const std::string &name =
      owed.file && !owed.file->stored_in.empty() ? owed.file->stored_in : owed.recording.store;
  const auto store = destinations.stores.find(name);
  const std::string prefix = store == destinations.stores.end() ? "" : key_prefix_of(store->second.uri);
  auto key = object_key(prefix, owed.recording.directory, owed.path);
  return key ? *std::move(key) : std::string();
}

Attempt send_callback(const CallbackTarget &target, const CallbackMessage &message,
                      const std::string &event_id, HttpClient &http, GCancellable *cancel) {
  HttpRequest request;
  request.method = "POST";
  request.url = target.url;
  request.content_type = "application/json";
  request.body = message.body;
  request.headers = message.headers;
  request.headers.emplace_back("X-Recording-Event-Id", event_id);
  const auto answer = http.send(request, cancel);
  if (!answer) return answer.error();
  Attempt attempt = Result<std::string>(redacted_url(target.url));
  if (answer->status != 200)  // spec 5.1: only 200 is success
    attempt.result =
        Error{Errc::unavailable, redacted_url(target.url) + " answered " + std::to_string(answer->status)};
  attempt.http_status = answer->status;
  return attempt;
}

Result<CallbackKeys> keys_of(const Destinations &destinations, const CallbackTarget &target) {
  if (target.key_env.empty()) return CallbackKeys{};
  const auto found = destinations.callback_keys.find(target.name);
  if (found == destinations.callback_keys.end() || found->second.current.empty())
    return Error{Errc::denied,
                 "callback '" + target.name + "' has no key: the environment has no " + target.key_env};
  return found->second;
}

// Others could still be delivered.
bool is_its_own_fault(const Attempt &attempt) {
  if (attempt.http_status != 0) return answer_blames_request(attempt.http_status);
  const Errc code = attempt.result ? Errc::unavailable : attempt.result.error().code;
  return code == Errc::not_found || code == Errc::corrupt || code == Errc::invalid_argument;
}

// Of what went wrong with one file nothing follows for the others.
bool is_stores_fault(const Error &error, const Owed &owed) {
  if (error.code == Errc::not_found) return static_cast<bool>(file_facts(owed.path));
  return error.code == Errc::unavailable || error.code == Errc::denied;
}

RetryDelay delay_of(const Destinations &destinations, const std::string &callback) {
  const auto found = destinations.callbacks.find(callback);
  const bool is_alibaba =
      found != destinations.callbacks.end() && found->second.schema.starts_with("alibaba");
  return [is_alibaba](int failed, double) {
    return is_alibaba ? alibaba_retry_delay(failed) : callback_retry_delay(failed);
  };
}

Result<Deliverer> make_callback(const Destinations &destinations, const std::string &name, HttpClient &http,
                                const Clock &clock) {
  const auto found = destinations.callbacks.find(name);
  if (found == destinations.callbacks.end())
    return Error{Errc::invalid_argument, "no callback is named '" + name + "' in the configuration"};
  const CallbackTarget &target = found->second;
  if (target.url.empty())
    return Error{Errc::denied,
                 "callback '" + name + "' has no address: the environment has no " + target.url_env};
  REC_TRY(const CallbackKeys keys, keys_of(destinations, target));
  const DeliverOne deliver = [&destinations, target, keys, &http, &clock](
                                 const Owed &owed, const RememberUpload &, GCancellable *cancel) -> Attempt {
    const std::string object = object_of(destinations, owed);
    const CallbackMessage message = callback_message(target, keys, owed, object, clock.now_utc());
    return send_callback(target, message, owed.event_id, http, cancel);
  };
  return Deliverer{deliver, delay_of(destinations, name)};
}

}  // namespace

Deliverer make_deliverer(const Destinations &destinations, const OwedTarget &target, HttpClient &http,
                         const Clock &clock, std::shared_ptr<StoreTraffic> traffic) {
  const bool is_upload = target.kind == OwedKind::upload;
  auto made = is_upload ? make_upload(destinations, target.name, http, clock, std::move(traffic))
                        : make_callback(destinations, target.name, http, clock);
  if (made) return *std::move(made);
  const DeliverOne refuse = [error = made.error()](const Owed &, const RememberUpload &,
                                                   GCancellable *) -> Attempt { return error; };
  return {refuse, is_upload ? RetryDelay(upload_retry_delay) : delay_of(destinations, target.name)};
}

Result<std::optional<DeliveryReport>> deliver_next(Catalogue &catalogue, const std::string &lease,
                                                   const OwedTarget &target, const Deliverer &deliverer,
                                                   double jitter, const Clock &clock, GCancellable *cancel) {
  REC_TRY(const auto taken, catalogue.take_due(lease, target, 1));
  if (taken.empty()) return std::optional<DeliveryReport>{};
  const Owed &owed = taken.front();
  DeliveryReport report;
  report.target = target;
  report.location = owed.path;
  if (target.kind == OwedKind::upload && target.name != owed.recording.store)
    report.state = StoredAs::backed_up;
  else if (owed.is_backfill)
    report.state = StoredAs::back_filled;
  report.attempt = owed.attempts + 1;
  const auto remember = [&](const std::string &id) { return catalogue.remember_upload(owed.id, lease, id); };
  const UtcTime began = clock.now_utc();
  const Attempt attempt = deliverer.deliver(owed, remember, cancel);
  const auto &result = attempt.result;
  if (!result && result.error().code == Errc::cancelled) {
    REC_CHECK(catalogue.give_back(owed.id, lease));
    return result.error();
  }
  if (result) {
    report.url = *result;
    REC_CHECK(catalogue.done(owed.id, lease, *result, attempt.http_status));
    return std::optional(std::move(report));
  }
  // A long file on a bad line fails often on its way, and gets on all the same.
  Nanoseconds delay = deliverer.delay(attempt.has_progressed ? 1 : report.attempt, jitter);
  if (deliverer.traffic) delay = std::max(delay, deliverer.traffic->hold(0));
  report.error = result.error();
  if (target.kind == OwedKind::upload && is_stores_fault(result.error(), owed))
    REC_CHECK(StoreLedger(catalogue).note_failure(target.name, began, jitter));
  report.retry = clock.now_utc() + std::chrono::duration_cast<std::chrono::microseconds>(delay);
  REC_CHECK(catalogue.retry(owed.id, lease, *report.retry, report.error->message,
                            {.http_status = attempt.http_status,
                             .lets_later_pass = lets_later_pass(report.attempt, is_its_own_fault(attempt))}));
  return std::optional(std::move(report));
}

}  // namespace rec
