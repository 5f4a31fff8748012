// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/delivery.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/base/sync.h"
#include "core/io/files.h"
#include "core/model/content.h"
#include "core/model/object_key.h"
#include "core/model/retry_schedule.h"
#include "core/service/back_fill.h"
#include "core/service/object_store.h"
#include "core/service/open_stores.h"

namespace rec {
namespace {

constexpr std::uint64_t kLongestPlaylist = 64 << 20;  // bytes

Error no_name_for(const Owed &owed) {
  const auto name = object_name(owed.recording.directory, owed.path);
  if (!name) return name.error();
  return {Errc::exists, "store " + owed.target.name + " has '" + *name +
                            "' of another recording, and this one cannot be called otherwise, for a playlist "
                            "names it: it stays at " +
                            owed.path + "; let what records choose names that were not used before"};
}

LabelFacts facts_of(const Owed &owed) {
  const Recording &r = owed.recording;
  const bool is_manifest = !owed.file && owed.path.ends_with(".json");
  return {.domain = r.push.domain,
          .app = r.push.app,
          .stream = r.push.stream,
          .template_name = r.template_name,
          .task = r.task,
          .session_id = r.session_id,
          .record_source = record_source_of(content_named(r.content).value_or(Content{})),
          .format =
              is_manifest ? std::string() : std::string(name_of(owed.file ? owed.file->format : Format::hls)),
          .started = r.started};
}

Attempt failed_elsewhere(const Error &error) {
  Attempt attempt = error;
  attempt.is_others_fault = true;
  return attempt;
}

Result<Deliverer> make_upload(const Destinations &destinations, const std::string &name, HttpClient &http,
                              const Clock &clock, std::shared_ptr<StoreTraffic> traffic,
                              const MakeHttp &make_http) {
  const auto settings = destinations.stores.find(name);
  if (settings == destinations.stores.end())
    return Error{Errc::invalid_argument, "no storage is named '" + name + "' in the configuration"};
  StoreCredentials credentials;
  if (const auto c = destinations.credentials.find(name); c != destinations.credentials.end())
    credentials = c->second;
  REC_TRY(auto made, make_object_store(settings->second, std::move(credentials), http, clock, traffic));
  // Shared by both functions.
  const std::shared_ptr<ObjectStore> store = std::move(made);
  // The same.
  const auto others = make_http ? std::make_shared<OpenStores>(destinations, make_http, clock) : nullptr;
  const DeliverOne deliver = [store, others, classes = destinations.storage_classes](
                                 const Owed &owed, const AttemptNews &news, GCancellable *cancel) -> Attempt {
    if (owed.object.empty()) return no_name_for(owed);
    const Format format = owed.file ? owed.file->format : Format::hls;
    const auto of_format = classes.find({owed.recording.template_name, format});
    NewObject object;
    object.directory = owed.recording.directory;
    object.path = owed.path;
    object.name = owed.object;
    if (of_format != classes.end()) object.storage_class = of_format->second;
    object.about = facts_of(owed);
    object.upload_id = owed.upload_id;
    object.remember = news.remember;
    object.grown = owed.grown;
    if (owed.running) {
      auto text = read_file(owed.path, kLongestPlaylist);
      if (!text) return text.error();
      object.content = stored_part_of(*text, *owed.running);
      if (object.content->empty()) return Result<std::string>("");  // the next segment will ask again
    }
    bool has_others_failed = false;
    if (others && is_to_be_fetched(owed)) {
      auto fetched = bytes_in_backup(*others, owed, has_others_failed, cancel);
      if (!fetched) return failed_elsewhere(fetched.error());
      object.fetched = *std::move(fetched);
    }
    std::atomic<bool> has_progressed = false;
    object.on_progress = [&](std::uint64_t sent_bytes) {
      has_progressed = true;
      if (news.progress) news.progress(sent_bytes);
    };
    Attempt attempt = store->put(object, cancel);
    attempt.has_progressed = has_progressed;
    attempt.is_others_fault = has_others_failed;
    return attempt;
  };
  return Deliverer{deliver, upload_retry_delay, std::move(traffic), [store] { return store->help(); }};
}

// What the store that has the file, or will have it, calls it; without a store its path below the spool. ""
// where it has no name: the callback is owed all the same, and has the file's address.
std::string object_of(const Destinations &destinations, const Owed &owed) {
  const std::string &name =
      owed.file && !owed.file->stored_in.empty() ? owed.file->stored_in : owed.recording.store;
  const auto store = destinations.stores.find(name);
  const std::string prefix = store == destinations.stores.end() ? "" : key_prefix_of(store->second.uri);
  auto key = owed.recording.store.empty() ? object_key("", owed.recording.directory, owed.path)
                                          : key_of_name(prefix, owed.object);
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

std::string renamed_from(const Owed &owed) {
  auto name = object_name(owed.recording.directory, owed.path);
  return name && !owed.object.empty() && *name != owed.object ? *std::move(name) : std::string();
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
                                 const Owed &owed, const AttemptNews &, GCancellable *cancel) -> Attempt {
    const std::string object = object_of(destinations, owed);
    const CallbackMessage message = callback_message(target, keys, owed, object, clock.now_utc());
    return send_callback(target, message, owed.event_id, http, cancel);
  };
  return Deliverer{deliver, delay_of(destinations, name)};
}

// Tells how far one upload is, not too often.
class ProgressTeller {
 public:
  ProgressTeller(const Deliverer &deliverer, const DeliveryReport &report, const Clock &clock)
      : deliverer_(deliverer), clock_(clock), told_(clock.monotonic()) {
    if (report.target.kind != OwedKind::upload || !deliverer_.on_progress) return;
    const auto facts = file_facts(report.location);
    if (!facts) return;  // the attempt says so
    progress_ = {.store = report.target.name,
                 .location = report.location,
                 .attempt = report.attempt,
                 .bytes = facts->size_bytes};
    deliverer_.on_progress(*progress_);
  }

  // Any thread.
  void tell(std::uint64_t sent_bytes) REC_EXCLUDES(mutex_) {
    if (!progress_ || sent_bytes >= progress_->bytes) return;  // its end is told otherwise
    {
      MutexLock lock(mutex_);
      if (clock_.monotonic() - told_ < kProgressInterval) return;
      told_ = clock_.monotonic();
    }
    UploadProgress now = *progress_;
    now.sent_bytes = sent_bytes;
    deliverer_.on_progress(now);
  }

 private:
  static constexpr Seconds kProgressInterval{1};
  const Deliverer &deliverer_;
  const Clock &clock_;
  std::optional<UploadProgress> progress_;  // as it began
  Mutex mutex_;
  Nanoseconds told_ REC_GUARDED_BY(mutex_);
};

// Of an attempt that begins.
DeliveryReport report_of(const Owed &owed) {
  DeliveryReport report;
  report.target = owed.target;
  report.location = owed.path;
  if (owed.target.kind == OwedKind::upload && owed.target.name != owed.recording.store)
    report.state = StoredAs::backed_up;
  else if (owed.is_backfill)
    report.state = StoredAs::back_filled;
  report.attempt = owed.attempts + 1;
  report.is_running = owed.running.has_value();
  if (owed.target.kind == OwedKind::upload && owed.file) report.renamed_from = renamed_from(owed);
  return report;
}

}  // namespace

Deliverer make_deliverer(const Destinations &destinations, const OwedTarget &target, HttpClient &http,
                         const Clock &clock, std::shared_ptr<StoreTraffic> traffic,
                         const MakeHttp &make_http) {
  const bool is_upload = target.kind == OwedKind::upload;
  auto made = is_upload ? make_upload(destinations, target.name, http, clock, std::move(traffic), make_http)
                        : make_callback(destinations, target.name, http, clock);
  if (made) return *std::move(made);
  const DeliverOne refuse = [error = made.error()](const Owed &, const AttemptNews &,
                                                   GCancellable *) -> Attempt { return error; };
  return {refuse, is_upload ? RetryDelay(upload_retry_delay) : delay_of(destinations, target.name)};
}

Result<std::optional<DeliveryReport>> deliver_next(Catalogue &catalogue, const std::string &lease,
                                                   const OwedTarget &target, const Deliverer &deliverer,
                                                   double jitter, const Clock &clock, GCancellable *cancel) {
  REC_TRY(const auto taken, catalogue.take_due(lease, target, 1));
  if (taken.empty()) return std::optional<DeliveryReport>{};
  const Owed &owed = taken.front();
  DeliveryReport report = report_of(owed);
  ProgressTeller teller(deliverer, report, clock);
  const AttemptNews news{
      .remember = [&](const std::string &id) { return catalogue.remember_upload(owed.id, lease, id); },
      .progress = [&](std::uint64_t sent_bytes) { teller.tell(sent_bytes); }};
  const UtcTime began = clock.now_utc();
  const Attempt attempt = deliverer.deliver(owed, news, cancel);
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
  if (target.kind == OwedKind::upload && !attempt.is_others_fault && is_stores_fault(result.error(), owed))
    REC_CHECK(StoreLedger(catalogue).note_failure(target.name, began, jitter));
  report.retry = clock.now_utc() + std::chrono::duration_cast<std::chrono::microseconds>(delay);
  REC_CHECK(catalogue.retry(owed.id, lease, *report.retry, report.error->message,
                            {.http_status = attempt.http_status,
                             .lets_later_pass = lets_later_pass(report.attempt, is_its_own_fault(attempt))}));
  return std::optional(std::move(report));
}

}  // namespace rec
