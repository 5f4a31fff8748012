// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_index.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::uint32_t kVersion1 = 0x01000000;
constexpr std::uint32_t kMostAlike = 1U << 24;  // samples of which one number tells all sizes

// Payload of a table: version, flags, number of entries, entries.
class TableWriter {
 public:
  explicit TableWriter(std::uint32_t version_and_flags = 0) {
    put32(text_, version_and_flags);
    put32(text_, 0);
  }
  template <typename... Numbers>
  void add(Numbers... numbers) {
    ++entries_;
    (put32(text_, static_cast<std::uint32_t>(numbers)), ...);
  }
  void add_long(std::uint64_t number) {
    ++entries_;
    put64(text_, number);
  }
  std::string box(std::uint32_t type) && {
    std::string count;
    put32(count, entries_);
    text_.replace(4, 4, count);
    return box_of(type, text_);
  }

 private:
  std::string text_;
  std::uint32_t entries_ = 0;
};

// Reads version, flags and the number of entries; no more of these than there are bytes for.
std::uint32_t begin_table(ByteReader &r, std::size_t entry_bytes) {
  if (!r.skip(4)) return 0;
  const std::uint32_t told = r.u32().value_or(0);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(told, r.left() / entry_bytes));
}

}  // namespace

void Mp4SampleTable::add_duration(std::uint32_t count, std::uint32_t duration) {
  if (count == 0) return;
  if (!durations_.empty() && durations_.back().value == duration)
    durations_.back().count += count;
  else
    durations_.push_back({count, duration});
  timed_ += count;
  duration_ += std::uint64_t{count} * duration;
}

void Mp4SampleTable::add_offset(std::uint32_t count, std::int32_t offset) {
  if (count == 0) return;
  if (!offsets_.empty() && offsets_.back().value == offset)
    offsets_.back().count += count;
  else
    offsets_.push_back({count, offset});
  shifted_ += count;
}

void Mp4SampleTable::read_table(std::uint32_t type, Bytes payload) {
  ByteReader r(payload);
  if (type == fourcc("stts")) {
    for (std::uint32_t n = begin_table(r, 8); n > 0; --n) {
      const std::uint32_t count = *r.u32();
      add_duration(count, *r.u32());
    }
  } else if (type == fourcc("ctts")) {
    for (std::uint32_t n = begin_table(r, 8); n > 0; --n) {
      const std::uint32_t count = *r.u32();
      add_offset(count, static_cast<std::int32_t>(*r.u32()));
    }
  } else if (type == fourcc("stss")) {
    all_sync_ = false;
    for (std::uint32_t n = begin_table(r, 4); n > 0; --n) sync_.push_back(*r.u32());
  } else if (type == fourcc("stsz")) {
    read_sizes(r);
  } else if (type == fourcc("stco")) {
    for (std::uint32_t n = begin_table(r, 4); n > 0; --n) chunks_.push_back({*r.u32(), 0});
  } else if (type == fourcc("co64")) {
    for (std::uint32_t n = begin_table(r, 8); n > 0; --n) chunks_.push_back({*r.u64(), 0});
  }
}

void Mp4SampleTable::read_sizes(ByteReader &stsz) {
  if (!stsz.skip(4)) return;
  const std::uint32_t each = stsz.u32().value_or(0);
  const std::uint32_t count = stsz.u32().value_or(0);
  if (each > 0 && count == timed_ && count <= kMostAlike) sizes_.assign(count, each);  // stts comes first
  if (each == 0 && count <= stsz.left() / 4)
    for (std::uint32_t n = count; n > 0; --n) sizes_.push_back(*stsz.u32());
}

// Entries say from which chunk on so many samples are in each.
void Mp4SampleTable::read_chunks(Bytes stsc) {
  ByteReader r(stsc);
  std::size_t next = 0;
  std::uint32_t samples = 0;
  for (std::uint32_t n = begin_table(r, 12); n > 0; --n) {
    const std::uint32_t first = *r.u32();
    for (; next + 1 < first && next < chunks_.size(); ++next) chunks_[next].samples = samples;
    samples = *r.u32();
    r.skip(4);
  }
  for (; next < chunks_.size(); ++next) chunks_[next].samples = samples;
  for (const Chunk &chunk : chunks_) placed_ += chunk.samples;
}

void Mp4SampleTable::read(Bytes stbl) {
  each_box(stbl, [&](std::uint32_t type, Bytes payload) { read_table(type, payload); });
  each_box(stbl, [&](std::uint32_t type, Bytes payload) {
    if (type == fourcc("stsc")) read_chunks(payload);
  });
  if (offsets_.empty()) add_offset(static_cast<std::uint32_t>(timed_), 0);
}

void Mp4SampleTable::add_chunk(std::uint64_t at, const std::vector<Sample> &samples) {
  if (samples.empty()) return;
  if (all_sync_ && !std::all_of(samples.begin(), samples.end(), [](const Sample &s) { return s.is_sync; })) {
    all_sync_ = false;
    for (std::uint32_t number = 1; number <= sizes_.size(); ++number) sync_.push_back(number);
  }
  for (const Sample &sample : samples) {
    sizes_.push_back(sample.size);
    add_duration(1, sample.duration);
    add_offset(1, sample.composition_offset);
    if (sample.is_sync && !all_sync_) sync_.push_back(static_cast<std::uint32_t>(sizes_.size()));
  }
  chunks_.push_back({at, static_cast<std::uint32_t>(samples.size())});
  placed_ += samples.size();
}

void Mp4SampleTable::continue_at(std::uint64_t time) {
  if (durations_.empty() || time == duration_) return;
  const std::uint32_t last = durations_.back().value;
  const std::uint64_t begin = duration_ - last;  // of the last sample
  if (time < begin || time - begin > UINT32_MAX) return;
  if (--durations_.back().count == 0) durations_.pop_back();
  --timed_;
  duration_ = begin;
  add_duration(1, static_cast<std::uint32_t>(time - begin));
}

void Mp4SampleTable::move(std::uint64_t by) {
  for (Chunk &chunk : chunks_) chunk.at += by;
}

bool Mp4SampleTable::append(const Mp4SampleTable &next, std::uint64_t at, std::uint64_t time) {
  continue_at(time);
  if (duration_ != time || !is_whole() || !next.is_whole()) return false;
  const std::size_t before = sizes_.size();
  if (before + next.sizes_.size() > UINT32_MAX) return false;
  const auto all = [](std::size_t from, std::size_t count, std::vector<std::uint32_t> &to) {
    for (std::size_t i = 1; i <= count; ++i) to.push_back(static_cast<std::uint32_t>(from + i));
  };
  if (all_sync_ && !next.all_sync_) all(0, before, sync_);
  if (next.all_sync_ && !all_sync_) all(before, next.sizes_.size(), sync_);
  all_sync_ = all_sync_ && next.all_sync_;
  for (const std::uint32_t number : next.sync_) sync_.push_back(static_cast<std::uint32_t>(before + number));
  for (const auto &run : next.durations_) add_duration(run.count, run.value);
  for (const auto &run : next.offsets_) add_offset(run.count, run.value);
  sizes_.insert(sizes_.end(), next.sizes_.begin(), next.sizes_.end());
  for (const Chunk &chunk : next.chunks_) chunks_.push_back({chunk.at + at, chunk.samples});
  placed_ += next.placed_;
  return true;
}

std::optional<Mp4SampleTable::Extent> Mp4SampleTable::extent() const {
  std::optional<Extent> extent;
  std::size_t sample = 0;
  for (const Chunk &chunk : chunks_) {
    std::uint64_t end = chunk.at;
    for (std::uint32_t i = 0; i < chunk.samples && sample < sizes_.size(); ++i) end += sizes_[sample++];
    if (end < chunk.at) return std::nullopt;
    if (!extent) extent = {chunk.at, end};
    extent->begin = std::min(extent->begin, chunk.at);
    extent->end = std::max(extent->end, end);
  }
  return extent;
}

void Mp4SampleTable::each_sample(const std::function<void(const Placed &)> &see) const {
  Placed placed;
  std::size_t timed = 0, shifted = 0, sync = 0;  // runs and sync samples that are behind
  std::uint32_t timed_left = 0, shifted_left = 0;
  for (; placed.chunk < chunks_.size(); ++placed.chunk) {
    placed.at = chunks_[placed.chunk].at;
    for (std::uint32_t i = 0; i < chunks_[placed.chunk].samples; ++i) {
      if (timed_left == 0) timed_left = durations_[timed++].count;
      if (shifted_left == 0) shifted_left = offsets_[shifted++].count;
      --timed_left;
      --shifted_left;
      while (sync < sync_.size() && sync_[sync] <= placed.number) ++sync;
      placed.sample = {.size = sizes_[placed.number],
                       .duration = durations_[timed - 1].value,
                       .composition_offset = offsets_[shifted - 1].value,
                       .is_sync = all_sync_ || (sync < sync_.size() && sync_[sync] == placed.number + 1)};
      see(placed);
      placed.at += placed.sample.size;
      placed.time += placed.sample.duration;
      ++placed.number;
    }
  }
}

Mp4SampleTable Mp4SampleTable::cut(std::uint64_t first, std::uint64_t behind_last) const {
  Mp4SampleTable table;
  std::vector<Sample> samples;  // of one chunk
  std::uint64_t at = 0;
  std::size_t chunk = 0;
  const auto close_chunk = [&] {
    table.add_chunk(at, samples);
    samples.clear();
  };
  each_sample([&](const Placed &placed) {
    if (placed.number < first || placed.number >= behind_last) return;
    if (placed.chunk != chunk) close_chunk();
    if (samples.empty()) at = placed.at;
    chunk = placed.chunk;
    samples.push_back(placed.sample);
  });
  close_chunk();
  return table;
}

bool Mp4SampleTable::is_whole() const {
  return timed_ == sizes_.size() && timed_ == placed_ && timed_ == shifted_ && timed_ <= UINT32_MAX;
}

std::string Mp4SampleTable::write_times() const {
  TableWriter stts;
  for (const auto &run : durations_) stts.add(run.count, run.value);
  std::string text = std::move(stts).box(fourcc("stts"));
  const auto has = [&](auto which) { return std::any_of(offsets_.begin(), offsets_.end(), which); };
  if (has([](const auto &run) { return run.value != 0; })) {
    TableWriter ctts(has([](const auto &run) { return run.value < 0; }) ? kVersion1 : 0);
    for (const auto &run : offsets_) ctts.add(run.count, run.value);
    text += std::move(ctts).box(fourcc("ctts"));
  }
  if (all_sync_ || sync_.size() == sizes_.size()) return text;
  TableWriter stss;
  for (const std::uint32_t number : sync_) stss.add(number);
  return text + std::move(stss).box(fourcc("stss"));
}

std::string Mp4SampleTable::write_places() const {
  TableWriter stsc;
  TableWriter places;
  const bool is_long =
      std::any_of(chunks_.begin(), chunks_.end(), [](const Chunk &c) { return c.at > UINT32_MAX; });
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].samples != before) stsc.add(i + 1, chunks_[i].samples, 1);
    before = chunks_[i].samples;
    if (is_long)
      places.add_long(chunks_[i].at);
    else
      places.add(chunks_[i].at);
  }
  std::string stsz;
  put32(stsz, 0);
  put32(stsz, 0);  // each sample has a size of its own
  put32(stsz, static_cast<std::uint32_t>(sizes_.size()));
  for (const std::uint32_t size : sizes_) put32(stsz, size);
  return std::move(stsc).box(fourcc("stsc")) + box_of(fourcc("stsz"), stsz) +
         std::move(places).box(is_long ? fourcc("co64") : fourcc("stco"));
}

std::string Mp4SampleTable::write() const { return write_times() + write_places(); }

}  // namespace rec
