// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/format.h"

namespace rec {

struct FormatAge {
  Format format = Format::other;
  Seconds age{};
  bool operator==(const FormatAge &) const = default;
};

// How long recordings of a template are kept; what is not set does not end it.
struct RetentionPolicy {
  std::optional<Seconds> age{};               // after the end of the recording
  std::optional<std::uint64_t> recordings{};  // so many, the newest
  std::optional<std::uint64_t> bytes{};       // of media, of the newest
  std::uint64_t min_free_bytes = 0;  // of the spool's file system: the oldest that have no store make room
  std::optional<Seconds> information{};  // what is known of one whose files are deleted, after its end
  // The files of these formats go sooner than the recording: so long after its end, each < age.
  std::vector<FormatAge> formats{};

  bool keeps_files_for_ever() const { return !age && !recordings && !bytes && min_free_bytes == 0; }
  bool operator==(const RetentionPolicy &) const = default;
};

// All formats whose time is over so long after the end of a recording, or was before.
struct ExpiredFormats {
  Seconds age{};
  std::vector<Format> formats;
  bool operator==(const ExpiredFormats &) const = default;
};
// The longest age first: who begins there sees each recording once.
std::vector<ExpiredFormats> expired_formats_of(const RetentionPolicy &policy);

// What files of a format have.
struct KeptFormat {
  Format format = Format::other;
  std::uint64_t bytes = 0;
};

// One finished recording whose files are there.
struct KeptRecording {
  std::int64_t id = 0;
  UtcTime started{};
  UtcTime ended{};
  std::uint64_t bytes = 0;
  bool held = false;                 // legal hold, or its upload is owed: it counts, but does not go
  bool is_local = true;              // it has no store: its files take room where free_bytes are
  std::optional<UtcTime> expires{};  // its own age, instead of the policy's and those of formats
  // With files that are there; empty: it is not told, and goes as a whole (what is made of recordings does).
  std::vector<KeptFormat> formats{};
};

enum class ExpiryReason { age, recordings, bytes, free_space };
std::string_view name_of(ExpiryReason reason);  // "age", "recordings", "bytes", "free space"

struct Expiry {
  std::int64_t id = 0;
  ExpiryReason reason = ExpiryReason::age;
  std::vector<Format> formats{};  // only these, and the recording stays; empty = all of it
  bool operator==(const Expiry &) const = default;
};

// Which of them are to go. `newest_first`: all of the template. `free_bytes`: where they lie; nothing = not
// known, and no reason to delete any.
std::vector<Expiry> expired_of(const std::vector<KeptRecording> &newest_first, const RetentionPolicy &policy,
                               UtcTime now, std::optional<std::uint64_t> free_bytes);

// What the policy will come to when recording goes on as it did lately.
struct RetentionForecast {
  std::uint64_t recordings = 0;  // that there are
  std::uint64_t bytes = 0;
  double bytes_per_day = 0;
  double recordings_per_day = 0;
  std::optional<Seconds> keeps{};            // how old a recording becomes; nothing = for ever
  std::optional<ExpiryReason> because_of{};  // which limit says so
  std::vector<FormatAge> formats{};          // that become less old
};
RetentionForecast forecast_of(const std::vector<KeptRecording> &newest_first, const RetentionPolicy &policy,
                              UtcTime now, std::optional<std::uint64_t> free_bytes);

}  // namespace rec
