// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_desk.h"

#include <algorithm>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/model/object_key.h"
#include "core/service/web_guard.h"

namespace rec {
namespace {

constexpr int kThreads = 4;
constexpr std::size_t kMostWaiting = 256;    // jobs
constexpr std::uint64_t kPiece = 512 << 10;  // bytes
static_assert(kPiece <= kLargestAnswer);

// The store's trouble is not the viewer's fault.
WebAnswer store_error(const Error &error) {
  if (error.code == Errc::not_found) return web_error(404, "not-found", error.message);
  if (error.code == Errc::unavailable || error.code == Errc::cancelled)
    return web_error(503, "unavailable", error.message);
  return web_error(502, "store", error.message);
}

Result<std::string> url_in(const ObjectStore &store, const StoredMedia &media) {
  return media.url.empty() ? store.url_of(media.object) : media.url;
}

}  // namespace

StoreDesk::StoreDesk(const Destinations &destinations, const OpenStores::MakeHttp &make_http,
                     const Clock &clock, Seconds address_life)
    : address_life_(address_life), cancel_(Ref<GCancellable>::adopt(g_cancellable_new())) {
  for (const auto &[name, settings] : destinations.stores)
    if (!settings.uri.starts_with("file:"))
      buckets_.insert(name);
    else if (const CString root(g_filename_from_uri(settings.uri.c_str(), nullptr, nullptr)); root)
      directories_[name] = root.get();
  if (buckets_.empty()) return;
  for (int i = 0; i < kThreads; ++i) stores_.emplace_back(destinations, make_http, clock);
  for (const std::string &name : buckets_) {
    const auto store = stores_.front().get(name);
    const auto url = store ? (*store)->url_of("") : Result<std::string>(store.error());
    const auto address = url ? split_http_url(*url) : Result<UrlParts>(url.error());
    if (address) origins_.insert(address->scheme + "://" + address->host);
  }
  for (OpenStores &stores : stores_) threads_.emplace_back([this, &stores] { work(stores); });
}

StoreDesk::~StoreDesk() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  g_cancellable_cancel(cancel_.get());
  for (std::thread &thread : threads_) thread.join();
}

std::string StoreDesk::path_of(const std::string &store, const std::string &object) const {
  const auto directory = directories_.find(store);
  const auto key = key_of_name("", object);
  return directory == directories_.end() || !key ? "" : directory->second + "/" + *key;
}

bool StoreDesk::post(Job job) {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_ || jobs_.size() >= kMostWaiting) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void StoreDesk::work(OpenStores &stores) {
  for (;;) {
    Job job;
    {
      MutexLock lock(mutex_);
      lock.wait(wake_, [this]() REC_REQUIRES(mutex_) { return is_stopping_ || !jobs_.empty(); });
      if (is_stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(stores);
  }
}

Result<std::string> StoreDesk::piece_of(OpenStores &stores, const StoredMedia &media, std::uint64_t at,
                                        std::uint64_t bytes) {
  REC_TRY(ObjectStore *const store, stores.get(media.store));
  REC_TRY(const std::string url, url_in(*store, media));
  return store->read(url, at, std::min(bytes, kPiece), cancel_.get());
}

void StoreDesk::next_piece(const StoredMedia &media, std::uint64_t at, std::uint64_t bytes,
                           const WebAnswer::Pieces::Take &take) {
  if (!post([this, media, at, bytes, take](OpenStores &stores) { take(piece_of(stores, media, at, bytes)); }))
    take(Error{Errc::unavailable, "too many requests wait for stores"});
}

void StoreDesk::send(WebAnswer answer, const StoredMedia &media, Reply reply) {
  // The first piece is here before anything is said: what is wrong with the object can still be told.
  next_piece(media, media.first, media.length,
             [this, answer = std::move(answer), media, reply = std::move(reply)](Result<std::string> piece) {
               if (!piece) return reply(store_error(piece.error()));
               WebAnswer whole = answer;
               whole.pieces = WebAnswer::Pieces{.first = media.first, .length = media.length};
               whole.pieces->begun = *std::move(piece);
               whole.pieces->read = [this, media](std::uint64_t at, std::uint64_t bytes,
                                                  const WebAnswer::Pieces::Take &take) {
                 next_piece(media, at, bytes, take);
               };
               reply(std::move(whole));
             });
}

void StoreDesk::redirect(const StoredMedia &media, PresignedGet get, const Reply &reply) {
  get.valid = address_life_;
  const auto presign = [this, media, get](OpenStores &stores) -> Result<std::string> {
    REC_TRY(ObjectStore *const store, stores.get(media.store));
    REC_TRY(const std::string url, url_in(*store, media));
    return store->presigned(url, get, cancel_.get());
  };
  const bool posted = post([presign, reply](OpenStores &stores) {
    auto address = presign(stores);
    if (!address) return reply(store_error(address.error()));
    reply({.status = 302, .headers = {{"Location", *std::move(address)}, {"Cache-Control", "no-store"}}});
  });
  if (!posted) reply(web_error(503, "unavailable", "too many requests wait for stores"));
}

void StoreDesk::read(const StoredMedia &media, std::uint64_t most_bytes,
                     std::function<WebAnswer(const std::string &)> make, const Reply &reply) {
  const auto read_it = [this, media, most_bytes](OpenStores &stores) -> Result<std::string> {
    REC_TRY(ObjectStore *const store, stores.get(media.store));
    REC_TRY(const std::string url, url_in(*store, media));
    return store->read_all(url, most_bytes, cancel_.get());
  };
  const bool posted = post([read_it, make = std::move(make), reply](OpenStores &stores) {
    const auto text = read_it(stores);
    reply(text ? make(*text) : store_error(text.error()));
  });
  if (!posted) reply(web_error(503, "unavailable", "too many requests wait for stores"));
}

}  // namespace rec
