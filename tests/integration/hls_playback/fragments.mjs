// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoding times of fragmented MP4, ISO/IEC 14496-12, 8.8.12: in every traf a tfhd with the track's id and a
// tfdt, here always of 64 bits.

// A copy in which every decoding time of the track is `ticks` later.
export function later(bytes, track, ticks) {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf('tfdt'); at >= 0; at = copy.indexOf('tfdt', at + 4)) {
    const header = copy.lastIndexOf('tfhd', at);
    if (copy.readUInt32BE(header + 8) !== track) continue;
    copy.writeBigUInt64BE(copy.readBigUInt64BE(at + 8) + BigInt(ticks), at + 8);
  }
  return copy;
}
