// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/spool_keeper.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/store_ledger.h"

namespace rec {
namespace {

namespace fs = std::filesystem;

constexpr int kPage = 100;

// Where a file store has the file; "" for other stores.
std::string place_in_store(const StoreSettings &store, const std::string &object) {
  const CString root(g_filename_from_uri(store.uri.c_str(), nullptr, nullptr));
  return root ? std::string(root.get()) + "/" + object : std::string();
}

// A bucket has told the digest of what it took. A directory may have been emptied since, or be the spool.
bool is_safe_elsewhere(const StoreSettings &store, const LocalCopy &copy) {
  if (!store.uri.starts_with("file:")) return true;
  return std::equal(
      copy.paths.begin(), copy.paths.end(), copy.objects.begin(), [&](const auto &path, const auto &object) {
        const std::string there = place_in_store(store, object);
        const auto local = file_facts(path);
        const auto stored = file_facts(there);
        std::error_code e;
        if (!local) return local.error().code == Errc::not_found;  // it went the last time
        return stored && stored->size_bytes == local->size_bytes && !fs::equivalent(path, there, e) && !e;
      });
}

Status remove_copy(const LocalCopy &copy) {
  for (const std::string &path : copy.paths) REC_CHECK(remove_file_below(path, copy.directory));
  return ok();
}

}  // namespace

SpoolKeeper::SpoolKeeper(std::map<std::string, StoreSettings> stores, SpoolPolicy policy, const Clock &clock,
                         std::map<std::string, LocalCopyPolicy> of_templates, FreeBytes free_bytes)
    : stores_(std::move(stores)),
      policy_(policy),
      of_templates_(std::move(of_templates)),
      clock_(clock),
      free_bytes_(std::move(free_bytes)) {}

// Of a store: what its own templates say, then all the others; what it has itself before what the backup
// stores have.
std::vector<SpoolKeeper::Group> SpoolKeeper::groups() const {
  std::vector<std::string> with_own;
  for (const auto &[name, policy] : of_templates_) with_own.push_back(name);
  std::vector<Group> groups;
  for (const auto &[name, store] : stores_) {
    for (const auto &[of, policy] : of_templates_) {
      Group group{name, name, {of}, false, policy.is_own ? policy.keep_local : store.keep_local};
      groups.push_back(group);
      if (!policy.backup_suffices) continue;
      for (const auto &[other, unused] : stores_) {
        group.holder = other;
        if (other != name) groups.push_back(group);
      }
    }
    groups.push_back({name, name, with_own, true, store.keep_local});
  }
  return groups;
}

Result<std::uint64_t> SpoolKeeper::free_bytes_of(const std::string &directory) {
  std::error_code e;
  const fs::space_info space = fs::space(directory, e);
  if (e) return error_of_errno(e.value(), "free space", directory);
  return static_cast<std::uint64_t>(space.available);
}

Result<std::vector<SpoolNews>> SpoolKeeper::look(Catalogue &catalogue,
                                                 const std::function<bool()> &is_stopping) {
  std::vector<SpoolNews> news;
  const Nanoseconds now = clock_.monotonic();
  if (looked_ && now - *looked_ < kInterval) return news;
  looked_ = now;
  is_stopping_ = is_stopping;
  LocalCopies copies(catalogue);
  REC_CHECK(remove_old(copies, news));
  REC_TRY(const auto outages, StoreLedger(catalogue).stores_in_outage());
  REC_TRY(const auto directories, copies.spool_directories());
  for (const std::string &directory : directories) {
    const auto free_bytes = free_bytes_(directory);
    if (!free_bytes) continue;  // it is not there any more
    SpoolNews one;
    one.directory = directory;
    one.free_bytes = *free_bytes;
    if (one.free_bytes < policy_.min_free_bytes && policy_.deletes_uploaded)
      REC_CHECK(make_room(copies, one));
    forecast(!outages.empty(), one);
    if (one.time_left || !one.removed.empty()) news.push_back(std::move(one));
  }
  return news;
}

void SpoolKeeper::forecast(bool in_outage, SpoolNews &news) {
  Watched &watched = watched_[news.directory];
  const UtcTime now = clock_.now_utc();
  watched.forecast.add(now, news.free_bytes);
  const auto left = watched.forecast.time_left(policy_.min_free_bytes);
  const bool is_low = left && *left == Seconds(0);
  if (!left || (!in_outage && !is_low)) {
    watched.told.reset();
    return;
  }
  if (!is_worth_telling(watched.told, watched.told_at, *left, now)) return;
  watched.told = left;
  watched.told_at = now;
  news.time_left = left;
}

Status SpoolKeeper::remove_old(LocalCopies &copies, std::vector<SpoolNews> &news) {
  for (const Group &group : groups()) {
    if (!group.keep_local) continue;
    const auto remember = [&](const LocalCopy &copy) {
      auto found = std::find_if(news.begin(), news.end(),
                                [&](const SpoolNews &n) { return n.directory == copy.directory; });
      if (found == news.end()) {
        found = news.insert(found, SpoolNews{});
        found->directory = copy.directory;
      }
      found->removed.push_back(copy.paths.back());
      return true;
    };
    REC_CHECK(remove_all(copies, group, clock_.now_utc() - *group.keep_local, "", remember));
  }
  for (SpoolNews &one : news)
    if (const auto free_bytes = free_bytes_(one.directory)) one.free_bytes = *free_bytes;
  return ok();
}

Status SpoolKeeper::make_room(LocalCopies &copies, SpoolNews &news) {
  for (const Group &group : groups()) {
    const auto until_enough = [&](const LocalCopy &copy) {
      news.removed.push_back(copy.paths.back());
      const auto free_bytes = free_bytes_(news.directory);
      if (free_bytes) news.free_bytes = *free_bytes;
      return news.free_bytes < policy_.min_free_bytes;
    };
    REC_TRY(const bool more, remove_all(copies, group, clock_.now_utc(), news.directory, until_enough));
    if (!more) break;
  }
  return ok();
}

// `directory`: only what lies there; "" = anywhere. Oldest first, files before playlists.
Result<bool> SpoolKeeper::remove_all(LocalCopies &copies, const Group &group, UtcTime until,
                                     const std::string &directory, const AfterRemoval &after) {
  using Kind = LocalCopy::Kind;
  for (const Kind kind : {Kind::file, Kind::playlists, Kind::manifest}) {
    LocalCopies::Wanted wanted{.store = group.store,
                               .holder = group.holder,
                               .templates = group.templates,
                               .all_but_these = group.all_but_these,
                               .until = until,
                               .limit = kPage};
    for (bool more = true; more && !is_stopping_();) {
      REC_TRY(const auto page, copies.removable(kind, wanted));
      more = page.size() == kPage;
      for (const LocalCopy &copy : page) {
        wanted.after = copy.id;
        if ((!directory.empty() && copy.directory != directory) ||
            !is_safe_elsewhere(stores_.at(group.holder), copy))
          continue;
        REC_CHECK(copies.remember_digests(copy, is_stopping_));
        REC_CHECK(remove_copy(copy));
        REC_CHECK(copies.removed(copy));
        if (!after(copy)) return false;
      }
    }
  }
  return true;
}

}  // namespace rec
