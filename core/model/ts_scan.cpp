// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/ts_scan.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::size_t kMaxTracks = 32;
constexpr Nanoseconds kMostApart = std::chrono::seconds(10);
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

std::uint64_t shifted(std::uint64_t ticks, std::int64_t by) {
  return (ticks + static_cast<std::uint64_t>(by)) & (kClockPeriod - 1);
}

// `b`: 5 bytes of a PTS or DTS; what stands around the number stays.
void shift_pts(std::span<std::uint8_t, 5> b, std::int64_t by) {
  const auto old = read_pts(b);
  if (!old) return;
  const std::uint64_t now = shifted(*old, by);
  b[0] = static_cast<std::uint8_t>((b[0] & 0xf1) | (now >> 29 & 0x0e));
  b[1] = static_cast<std::uint8_t>(now >> 22);
  b[2] = static_cast<std::uint8_t>((now >> 14 & 0xfe) | 1);
  b[3] = static_cast<std::uint8_t>(now >> 7);
  b[4] = static_cast<std::uint8_t>((now << 1 & 0xfe) | 1);
}

// `b`: 6 bytes of a PCR, of which 33 bits count at 90 kHz. ISO/IEC 13818-1, 2.4.3.5.
void shift_pcr(std::span<std::uint8_t, 6> b, std::int64_t by) {
  const std::uint64_t old = std::uint64_t{b[0]} << 25 | std::uint64_t{b[1]} << 17 | std::uint64_t{b[2]} << 9 |
                            std::uint64_t{b[3]} << 1 | b[4] >> 7;
  const std::uint64_t now = shifted(old, by);
  b[0] = static_cast<std::uint8_t>(now >> 25);
  b[1] = static_cast<std::uint8_t>(now >> 17);
  b[2] = static_cast<std::uint8_t>(now >> 9);
  b[3] = static_cast<std::uint8_t>(now >> 1);
  b[4] = static_cast<std::uint8_t>((b[4] & 0x7f) | (now << 7 & 0x80));
}

void shift_packet(std::span<std::uint8_t, kTsPacketSize> p, std::int64_t by) {
  const bool starts = p[1] & 0x40, has_adaptation = p[3] & 0x20, has_payload = p[3] & 0x10;
  if (has_adaptation && p[4] >= 7 && (p[5] & 0x10)) shift_pcr(p.subspan<6, 6>(), by);
  const std::size_t at = has_adaptation ? std::size_t{5} + p[4] : 4;
  if (!starts || !has_payload || at + 14 > kTsPacketSize) return;
  const auto pes = std::span<std::uint8_t>(p).subspan(at);
  const bool is_media =
      (pes[3] & 0xf0) == 0xe0 || (pes[3] & 0xe0) == 0xc0 || pes[3] == 0xbd || pes[3] == 0xfd;
  if (pes[0] != 0 || pes[1] != 0 || pes[2] != 1 || !is_media || (pes[6] & 0xc0) != 0x80) return;
  if (pes[7] & 0x80) shift_pts(pes.subspan(9).first<5>(), by);
  if ((pes[7] & 0xc0) == 0xc0 && pes.size() >= 19) shift_pts(pes.subspan(14).first<5>(), by);
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
  if (!lead) return Nanoseconds(0);
  Nanoseconds end = lead->latest + lead->frame();
  for (const auto &track : tracks)  // all are of one program, unless the file is nonsense
    if (track.latest - lead->latest < kMostApart) end = std::max(end, track.latest + track.frame());
  return end - lead->earliest;
}

bool TsScan::is_segment() const {
  const auto video = std::find_if(tracks.begin(), tracks.end(), [](const auto &t) { return t.is_video; });
  return starts_with_tables && !tracks.empty() && (video == tracks.end() || video->starts_with_key);
}

void TsScanner::count(const Pes &pes, std::vector<TsTrack> &tracks) {
  if (!pes.pts) return;
  auto track = std::find_if(tracks.begin(), tracks.end(), [&](const auto &t) { return t.pid == pes.pid; });
  if (track == tracks.end()) {
    if (tracks.size() == kMaxTracks) return;
    const auto time = to_time(static_cast<std::int64_t>(*pes.pts));
    tracks.push_back({pes.pid, pes.is_video, 1, pes.random_access, time, time, time});
    return;
  }
  const auto time = unwrap(*pes.pts, track->first);
  ++track->frames;
  track->earliest = std::min(track->earliest, time);
  track->latest = std::max(track->latest, time);
}

// `payload`: of the packet that opens a PES packet.
void TsScanner::start_pes(std::uint16_t pid, bool random_access, std::span<const std::uint8_t> payload) {
  if (payload.size() < 6 || payload[0] != 0 || payload[1] != 0 || payload[2] != 1) return;
  if (open_) count(*open_, found_.tracks);
  const std::uint8_t id = payload[3];
  const std::uint64_t length = payload[4] << 8 | payload[5];
  const std::uint64_t here = payload.size() - 6;
  open_ = Pes{offset_,       pid, length > here ? length - here : 0, length == 0, (id & 0xf0) == 0xe0,
              random_access, {}};
  const bool is_audio = (id & 0xe0) == 0xc0;
  if ((!open_->is_video && !is_audio) || payload.size() < 14) return;
  if ((payload[6] & 0xc0) != 0x80 || !(payload[7] & 0x80)) return;
  open_->pts = read_pts(payload.subspan(9).first<5>());
}

void TsScanner::packet(std::span<const std::uint8_t, kTsPacketSize> p) {
  const auto pid = static_cast<std::uint16_t>((p[1] & 0x1f) << 8 | p[2]);
  const bool starts = p[1] & 0x40, has_adaptation = p[3] & 0x20, has_payload = p[3] & 0x10;
  if (offset_ == 0) found_.starts_with_tables = pid == 0 && starts;
  const std::size_t at = has_adaptation ? std::size_t{5} + p[4] : 4;
  const bool random_access = has_adaptation && p[4] > 0 && (p[5] & 0x40);
  if (!has_payload || at >= kTsPacketSize) return;
  const auto payload = std::span<const std::uint8_t>(p).subspan(at);
  found_.counters[pid] = p[3] & 0x0f;
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
  if (open_ && complete) count(*open_, scan.tracks);
  return scan;
}

TsScan scan_ts(std::span<const std::uint8_t> bytes) {
  TsScanner scanner;
  scanner.feed(bytes);
  return scanner.result();
}

void shift_ts(std::span<std::uint8_t> packets, std::int64_t ticks) {
  for (; packets.size() >= kTsPacketSize; packets = packets.subspan(kTsPacketSize))
    if (packets[0] == 0x47) shift_packet(packets.first<kTsPacketSize>(), ticks);
}

void TsCounterLine::apply(std::span<std::uint8_t> packets) {
  for (; packets.size() >= kTsPacketSize; packets = packets.subspan(kTsPacketSize)) {
    if (packets[0] != 0x47) continue;
    const auto pid = static_cast<std::uint16_t>((packets[1] & 0x1f) << 8 | packets[2]);
    const unsigned sent = packets[3] & 0x0f;
    const bool counts = packets[3] & 0x10;  // only packets with payload do
    const auto last = last_.find(pid);
    if (last != last_.end() && !steps_.count(pid))
      steps_[pid] = static_cast<std::uint8_t>((last->second + counts - sent) & 0x0f);
    const auto step = steps_.find(pid);
    const unsigned counter = (sent + (step == steps_.end() ? 0u : step->second)) & 0x0f;
    packets[3] = static_cast<std::uint8_t>((packets[3] & 0xf0) | counter);
    last_[pid] = static_cast<std::uint8_t>(counter);
    steps_.try_emplace(pid, std::uint8_t{0});
  }
}

std::int64_t to_ts_ticks(Nanoseconds time) { return (time.count() * 9 + 99'999) / 100'000; }

}  // namespace rec
