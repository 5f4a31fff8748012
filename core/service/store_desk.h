// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/sync.h"
#include "core/io/http_server.h"
#include "core/service/open_stores.h"

namespace rec {

// How media that are in a bucket alone get to viewers.
enum class BucketMedia {
  mixed,     // files by a redirection to the bucket, segments through this server
  proxy,     // all through this server: viewers need not reach the bucket
  redirect,  // all by redirections: HLS then needs a bucket that lets pages of this server read (CORS)
};

// A stretch of an object.
struct StoredMedia {
  std::string store;        // name in the configuration
  std::string url;          // of the object, as the catalogue has it; "" = it knows only its name
  std::string object = {};  // that name, below the prefix of the store
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // bytes
};

// Completes answers with what is in buckets, on a few threads of its own, so that nobody else waits for a
// store. Of an answer a piece is in memory at a time.
class StoreDesk {
 public:
  using Reply = std::function<void(WebAnswer)>;

  // `clock` must outlive it. `address_life`: how long an address of redirect() is good.
  StoreDesk(const Destinations &destinations, const OpenStores::MakeHttp &make_http, const Clock &clock,
            Seconds address_life);
  ~StoreDesk();
  StoreDesk(const StoreDesk &) = delete;
  StoreDesk &operator=(const StoreDesk &) = delete;

  // Whether the configuration has such a bucket.
  bool has(const std::string &store) const { return buckets_.contains(store); }
  // Where a store that is a directory has what is called so; "" = it is none, or that is no name of an
  // object.
  std::string path_of(const std::string &store, const std::string &object) const;
  // Where browsers are sent to: "https://s3.example.org".
  const std::set<std::string> &origins() const { return origins_; }
  Seconds address_life() const { return address_life_; }

  // Each replies once, from a thread of its own; where the store has not what it should, with an error.
  // Adds the media to `answer`, whose length they are.
  void send(WebAnswer answer, const StoredMedia &media, Reply reply) REC_EXCLUDES(mutex_);
  // Sends whoever asks there instead, with an address that is good for a while.
  void redirect(const StoredMedia &media, PresignedGet get, const Reply &reply) REC_EXCLUDES(mutex_);
  // What `make` makes of all of the object, which is no longer than that.
  void read(const StoredMedia &media, std::uint64_t most_bytes,
            std::function<WebAnswer(const std::string &)> make, const Reply &reply) REC_EXCLUDES(mutex_);

 private:
  using Job = std::function<void(OpenStores &stores)>;
  bool post(Job job) REC_EXCLUDES(mutex_);
  void work(OpenStores &stores) REC_EXCLUDES(mutex_);
  Result<std::string> piece_of(OpenStores &stores, const StoredMedia &media, std::uint64_t at,
                               std::uint64_t bytes);
  void next_piece(const StoredMedia &media, std::uint64_t at, std::uint64_t bytes,
                  const WebAnswer::Pieces::Take &take) REC_EXCLUDES(mutex_);

  std::set<std::string> buckets_, origins_;
  std::map<std::string, std::string> directories_;  // absolute, by store
  const Seconds address_life_;
  const Ref<GCancellable> cancel_;
  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_ REC_GUARDED_BY(mutex_);
  bool is_stopping_ REC_GUARDED_BY(mutex_) = false;
  std::deque<OpenStores> stores_;     // one of each thread
  std::vector<std::thread> threads_;  // joined by the destructor
};

}  // namespace rec
