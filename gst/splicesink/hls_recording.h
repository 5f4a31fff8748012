// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/disk/playlist_file.h"
#include "core/model/format.h"
#include "core/model/growing_playlist.h"
#include "core/model/media_playlist.h"
#include "core/model/media_spread.h"
#include "core/model/trail.h"
#include "core/model/ts_scan.h"
#include "gst/splicesink/segment_file.h"

namespace rec {

struct HlsSettings {
  std::string location;       // pattern of the segments
  std::string playlist_root;  // put before the segments' names in the playlist
  Seconds target_duration{10};
  std::string time_zone = "UTC";
  std::string live_location;    // pattern of the playlist of the last segments; "": none
  std::size_t live_length = 5;  // segments in it
  SegmentFormat segment_format = SegmentFormat::ts;
  std::size_t window = 0;     // segments in the playlist itself, which slides then; 0: all
  std::size_t max_files = 0;  // segments on disk: older ones that no playlist lists are deleted; 0: all
  // Deletes a segment instead of us, if it returns true.
  std::function<bool(const std::string &location)> delete_fragment;
  // Where set, segments or playlists are written to the streams that these give, not to files. A recording
  // whose playlist is in no file is held in memory and cannot be continued by others.
  std::function<Ref<GOutputStream>(const std::string &location)> fragment_stream, playlist_stream;
};

// One recording on disk: the playlist and the segment that is being written. At every instant the playlist
// lists complete, durable segments only, and names the one that is being written (OpenSegment), so a process
// that dies here leaves what resume() needs.
//
// Not thread-safe. Blocks on the disk: muxer threads and workers only.
class HlsRecording {
 public:
  struct Closed {
    MediaSegment segment;
    std::string location;  // path of the file
    std::uint64_t sequence = 0;
    UtcTime start{};
    std::uint64_t size = 0;                            // bytes
    std::optional<MediaSpread> spread = std::nullopt;  // nothing: it is not known
    bool raised_target = false;                        // EXT-X-TARGETDURATION had to be raised for it
    struct Map {
      std::string uri, location;
      std::uint64_t size = 0;  // bytes
    };
    std::optional<Map> new_map;  // its initialisation section, where the segment before it had another
  };

  // A new recording. Nothing is written before its first segment is; then, where something has that name
  // already, the playlist gets the next free one.
  HlsRecording(HlsSettings settings, std::string playlist_path);
  // Continues the playlist that another push, perhaps of another process, left. Lists the segment that a
  // dead process was writing as far as it plays.
  static Result<HlsRecording> resume(HlsSettings settings, const std::string &playlist_path);

  HlsRecording(HlsRecording &&) = default;
  HlsRecording &operator=(HlsRecording &&) = default;

  const std::string &path() const { return path_; }
  std::uint64_t segments() const { return playlist_.segments(); }
  Nanoseconds duration() const { return playlist_.duration(); }  // media, without the time between pushes
  std::uint64_t size() const { return size_; }                   // bytes of the segments that are still here
  // Wall clock of the first frame, and of the end of the last segment, where the playlist says.
  std::optional<UtcTime> start() const { return playlist_.start(); }
  std::optional<UtcTime> end() const { return playlist_.end(); }
  std::uint64_t next_sequence() const { return playlist_.next_sequence(); }
  // Of the last listed segment; empty when it is not there.
  TsCounters last_counters() const;
  // The segment that settling an interrupted one has listed last.
  const std::optional<SegmentFrames> &salvaged() const { return salvaged_; }
  // When it was found, its recorder had died.
  bool was_torn() const { return torn_; }
  bool is_open() const { return file_.has_value(); }

  // How what comes next differs from what was before.
  struct Period {
    UtcTime start{};              // wall clock of its first frame
    bool continues = false;       // its encoding and timestamps go on: no EXT-X-DISCONTINUITY
    std::optional<MediaMap> map;  // its initialisation section, which is complete and durable
  };
  void begin_period(Period period) { period_ = std::move(period); }
  // The initialisation section for what comes next, durable; the latest one where it has these bytes, of
  // whichever process. nullopt without bytes.
  Result<std::optional<MediaMap>> initialise(const std::string &bytes, UtcTime start);
  // Names the next segment, says so in the playlist, and opens its file.
  Status open_segment(UtcTime start);
  Status append(Ref<GstBuffer> buffer) { return file_->append(std::move(buffer)); }
  Status tick() { return file_ ? file_->tick() : ok(); }  // OutputFile::tick()
  // Makes it durable under its name and adds it to the playlist, which publish() or open_segment() writes.
  // With either the file of the playlist grows by the segment's lines, however long it is already.
  // `duration`: media in it. `spread`: nothing, where that is not known.
  Status close_segment(Nanoseconds duration, const std::optional<MediaSpread> &spread = std::nullopt);
  Status publish();
  // Writing failed: keeps of the open segment what plays. What cannot be done now is done before the next
  // one.
  void salvage_segment();
  // The segments that the playlist on disk lists since the last call, those of a dead process included.
  std::vector<Closed> take_listed() { return std::exchange(listed_, {}); }
  // Until the next call others may continue the recording.
  void let_go();
  // The live playlist, for the recording that goes on where this one ends; before finish().
  struct Live {
    std::string path;
    MediaPlaylist playlist;  // the last segments, as it names them
  };
  std::optional<Live> take_live();
  void continue_live(std::optional<Live> live) { live_ = std::move(live); }
  // The map of the last opened segment, as a playlist at that path names it.
  std::optional<MediaMap> map_from(const std::string &playlist) const;
  // Why the live playlist could not be written or a segment deleted, when that is new: the recording goes on.
  std::optional<Error> take_trouble() { return std::exchange(trouble_, std::nullopt); }
  // Writes the playlist's last form: VOD, EXT-X-ENDLIST.
  Status finish();

  // When the recording with this playlist last grew; the epoch when it is not there.
  static UtcTime last_activity(const std::string &playlist_path, const std::string &playlist_root);

 private:
  struct NewSegment {
    std::string path;
    std::string uri;
  };

  std::optional<MediaMap> map_of_last() const;  // listed segment; without one of the last opened
  Result<NewSegment> name_segment(UtcTime start);
  Result<SegmentFile> create_segment(const std::string &path);
  Result<std::string> store_map(const std::string &path, const std::string &bytes);
  Status write_whole(MediaPlaylist (*form)(MediaPlaylist));
  void note_listed(bool ended);
  Status begin_live(MediaPlaylist beginning);
  std::string uri_from(const std::string &uri, const std::string &playlist) const;
  MediaSegment seen_from_live(MediaSegment segment) const;
  void show_live(bool ended);
  void delete_old();
  Result<std::string> filled(const std::string &pattern, UtcTime start) const;
  Status settle();
  void drop_part(const std::string &part);
  Status list(Closed closed);
  std::string path_of_uri(const std::string &uri) const;

  HlsSettings settings_;
  std::string path_;
  GrowingPlaylist playlist_;
  std::optional<PlaylistFile> playlist_file_;  // once something was published
  MediaPlaylist streamed_;                     // instead: what the last stream was given
  std::uint64_t size_ = 0;
  std::optional<Period> period_;  // begins with the next segment
  std::optional<MediaMap> map_;   // of the period that the last opened segment is of
  std::optional<SegmentFile> file_;
  std::string segment_path_;  // final name of file_
  UtcTime segment_start_{};
  std::string last_name_;     // that the pattern gave
  unsigned last_number_ = 0;  // that it got behind it, plus 1
  std::vector<Closed> unlisted_, listed_;
  struct Kept {
    std::string location;
    std::uint64_t size;
  };
  std::deque<Kept> kept_;      // listed segments that were not deleted, if some are to be
  std::size_t in_window_ = 0;  // segments that the playlist lists, if it slides
  std::optional<Live> live_;
  std::optional<Error> trouble_;
  bool live_failed_ = false;
  std::optional<SegmentFrames> salvaged_;
  bool torn_ = false;
};

}  // namespace rec
