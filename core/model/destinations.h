// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/model/recording_event.h"

namespace rec {

// Where a store's secrets are. They stand in no configuration.
struct CredentialPlace {
  enum class Kind { env, file, url };  // environment variables, a file, an instance's endpoint
  Kind kind = Kind::env;
  std::string where;  // path, or http address

  bool operator==(const CredentialPlace &) const = default;
};

// Where finished files go: one member of "storage" in the configuration.
struct StoreSettings {
  std::string name;  // as templates call it, "archive"
  // "s3://bucket/prefix", "cos://..." (Tencent), "oss://..." (Alibaba) or "file:///directory"; without a
  // trailing '/'.
  std::string uri;
  // The rest: of buckets only. "https://s3.example.org", without a trailing '/'; "" = the region's (cos,
  // oss).
  std::string endpoint;
  std::string region;
  CredentialPlace credentials;
  std::optional<bool> bucket_in_host;  // https://bucket.s3.example.org/; nothing = as the service has it
  std::string signature;               // oss: "v1" or "v4"
  unsigned uploads = kUsualUploads;    // requests at a time, of all files together; > 0
  std::uint64_t bandwidth = 0;         // bytes per second, of all files together; 0 = as much as there is

  std::string ca_file;  // PEM, absolute: signs its certificates instead of whom the system trusts
  std::string proxy;    // http address, or "none"; "" = the environment's
  std::optional<Seconds> keep_local{};  // local copies, after the upload; nothing = for ever

  // Kept with every object, by name; checked for headers. Both with placeholders (object_label.h).
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> content_types{};  // by extension, without '.': instead of the usual ones
  std::uint64_t longest_copy = 0;  // bytes that one request may copy; 0 = as the service says. For tests

  bool operator==(const StoreSettings &) const = default;

  static constexpr unsigned kUsualUploads = 4;
  static constexpr unsigned kUsualCopies = 1;  // of a directory: disks like one thing at a time
  static constexpr unsigned kMostUploads = 64;
};

// Who is told about recordings: one member of "callbacks" in the configuration.
struct CallbackTarget {
  std::string name;           // as templates call it, "ops"
  std::string url;            // http or https; what is behind '?' is a secret
  std::string url_env{};      // name of the environment variable that holds the url instead; "" = none
  std::string schema;         // "tencent", "alibaba", "alibaba-vod" or "recording" (callback_message.h)
  std::string key_env;        // name of the environment variable that holds the signing key; "" = unsigned
  std::string older_key_env;  // recording: of a key that receivers may still have; "" = none
  RecordingEvents events = {RecordingEvent::file_finished};  // that it is told of

  bool operator==(const CallbackTarget &) const = default;
};

}  // namespace rec
