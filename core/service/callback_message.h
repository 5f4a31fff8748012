// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/destinations.h"
#include "core/service/catalogue_rows.h"

namespace rec {

// The keys of a callback: "" = none. `older` is accepted, too, while receivers change from one to the other.
struct CallbackKeys {
  std::string current;
  std::string older;
};

// What is sent to a receiver to tell it of an event: JSON.
struct CallbackMessage {
  std::string body;
  std::vector<std::pair<std::string, std::string>>
      headers;  // the signature's, without that of the event's id
};

// `owed`: a callback, with its file if one is finished. `object`: what the store calls that,
// "eu/live/cam1.flv"; without a store its path below the spool. Signed anew for each attempt.
// docs/callbacks.md has them all.
//
//   tencent      event_type 100, 332 and 341 (tencent_payload.h), signed with MD5 in the body.
//   alibaba      OSS's "file created" and status (spec 5.6), signed with MD5 of host, time and key in two
//   headers. alibaba-vod  AddLiveRecordVideoComplete (spec 5.7), signed with MD5 of URL, time and key in two
//   headers.
//                VideoId is `object`: there is no media library that would have another name for it.
//   recording    our own: who pushed, the recording, the file, where it is. X-Recording-Signature is
//                "t=<unix s>,v1=<hex>", v1 being the HMAC-SHA256 of "<t>.<body>"; a second v1 is the older
//                key's.
CallbackMessage callback_message(const CallbackTarget &target, const CallbackKeys &keys, const Owed &owed,
                                 const std::string &object, UtcTime now);

}  // namespace rec
