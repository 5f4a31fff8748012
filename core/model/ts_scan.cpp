// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/ts_scan.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::size_t kMaxTracks = 32;
constexpr std::uint64_t kClockPeriod = std::uint64_t{1} << 33;

Nanoseconds to_time(std::int64_t ticks) { return Nanoseconds(ticks * 100'000 / 9); }  // of a 90 kHz clock

// A PTS field, ISO/IEC 13818-1, 2.4.3.7; nothing when its marker bits are wrong.
std::optional<std::uint64_t> read_pts(std::span<const std::uint8_t, 5> b) {
  if (!(b[0] & 1) || !(b[2] & 1) || !(b[4] & 1)) return std::nullopt;
  const std::uint64_t high = b[0] >> 1 & 7u;
  const std::uint64_t middle = b[1] << 7 | b[2] >> 1;
  const std::uint64_t low = b[3] << 7 | b[4] >> 1;
  return high << 30 | middle << 15 | low;
}

// `pts` as the instant nearest to `reference` that has this value modulo 2^33.
Nanoseconds unwrap(std::uint64_t pts, Nanoseconds reference) {
  const auto near = reference.count() * 9 / 100'000;
  auto distance = (static_cast<std::int64_t>(pts) - near) % static_cast<std::int64_t>(kClockPeriod);
  if (distance > static_cast<std::int64_t>(kClockPeriod / 2)) distance -= kClockPeriod;
  if (distance < -static_cast<std::int64_t>(kClockPeriod / 2)) distance += kClockPeriod;
  return to_time(near + distance);
}

}  // namespace

Nanoseconds TsTrack::frame() const {
  return frames > 1 ? (latest - earliest) / static_cast<std::int64_t>(frames - 1) : Nanoseconds(0);
}

Nanoseconds TsScan::duration() const {
  const TsTrack *lead = nullptr;
  for (const auto &track : tracks)
    if (!lead || (track.is_video && !lead->is_video)) lead = &track;
  return lead ? lead->latest + lead->frame() - lead->earliest : Nanoseconds(0);
}

bool TsScan::is_segment() const {
  const auto video = std::find_if(tracks.begin(), tracks.end(), [](const auto &t) { return t.is_video; });
  return starts_with_tables && !tracks.empty() && (video == tracks.end() || video->starts_with_key);
}

void TsScanner::add_frame(std::uint16_t pid, bool is_video, bool random_access, std::uint64_t pts) {
  auto &tracks = found_.tracks;
  auto track = std::find_if(tracks.begin(), tracks.end(), [&](const auto &t) { return t.pid == pid; });
  if (track == tracks.end()) {
    if (tracks.size() == kMaxTracks) return;
    const auto time = to_time(static_cast<std::int64_t>(pts));
    tracks.push_back({pid, is_video, 1, random_access, time, time, time});
    return;
  }
  const auto time = unwrap(pts, track->first);
  ++track->frames;
  track->earliest = std::min(track->earliest, time);
  track->latest = std::max(track->latest, time);
}

// `payload`: of the packet that opens a PES packet.
void TsScanner::start_pes(std::uint16_t pid, bool random_access, std::span<const std::uint8_t> payload) {
  if (payload.size() < 6 || payload[0] != 0 || payload[1] != 0 || payload[2] != 1) return;
  const std::uint8_t id = payload[3];
  const std::uint64_t length = payload[4] << 8 | payload[5];
  const std::uint64_t here = payload.size() - 6;
  open_ = Pes{offset_, pid, length > here ? length - here : 0, length == 0};
  const bool is_video = (id & 0xf0) == 0xe0, is_audio = (id & 0xe0) == 0xc0;
  if ((!is_video && !is_audio) || payload.size() < 14) return;
  if ((payload[6] & 0xc0) != 0x80 || !(payload[7] & 0x80)) return;
  if (const auto pts = read_pts(payload.subspan(9).first<5>())) add_frame(pid, is_video, random_access, *pts);
}

void TsScanner::packet(std::span<const std::uint8_t, kTsPacketSize> p) {
  const auto pid = static_cast<std::uint16_t>((p[1] & 0x1f) << 8 | p[2]);
  const bool starts = p[1] & 0x40, has_adaptation = p[3] & 0x20, has_payload = p[3] & 0x10;
  if (offset_ == 0) found_.starts_with_tables = pid == 0 && starts;
  const std::size_t at = has_adaptation ? std::size_t{5} + p[4] : 4;
  const bool random_access = has_adaptation && p[4] > 0 && (p[5] & 0x40);
  if (!has_payload || at >= kTsPacketSize) return;
  const auto payload = std::span<const std::uint8_t>(p).subspan(at);
  if (starts)
    start_pes(pid, random_access, payload);
  else if (open_ && open_->pid == pid)
    open_->missing -= std::min<std::uint64_t>(open_->missing, payload.size());
}

void TsScanner::feed(std::span<const std::uint8_t> bytes) {
  while (!lost_ && !bytes.empty()) {
    const auto n = std::min(bytes.size(), kTsPacketSize - carried_);
    std::copy_n(bytes.begin(), n, carry_.begin() + static_cast<std::ptrdiff_t>(carried_));
    bytes = bytes.subspan(n);
    carried_ += n;
    lost_ = carry_[0] != 0x47;
    if (lost_ || carried_ < kTsPacketSize) continue;
    packet(carry_);
    offset_ += kTsPacketSize;
    carried_ = 0;
  }
}

TsScan TsScanner::result() const {
  TsScan scan = found_;
  const bool complete = !open_ || (!open_->unbounded && open_->missing == 0);
  scan.complete_bytes = complete ? offset_ : open_->at;
  return scan;
}

TsScan scan_ts(std::span<const std::uint8_t> bytes) {
  TsScanner scanner;
  scanner.feed(bytes);
  return scanner.result();
}

}  // namespace rec
