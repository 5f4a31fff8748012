// SPDX-License-Identifier: LGPL-2.1-or-later
// The timestamps of an MPEG transport stream, ISO/IEC 13818-1, 2.4.3: 33 bits at 90 kHz.
const PACKET = 188;
const MODULUS = 2n ** 33n;

// Where each timestamp of a packet stands: [offset, 'pcr' or 'pts'].
function* places(bytes, at) {
  const adaptation = bytes[at + 3] & 0x20 ? bytes[at + 4] : -1;
  if (adaptation >= 7 && bytes[at + 5] & 0x10) yield [at + 6, 'pcr'];
  const pes = at + 5 + adaptation;
  const starts = bytes[at + 1] & 0x40 && bytes[at + 3] & 0x10 && pes + 19 <= at + PACKET;
  if (!starts || bytes[pes] || bytes[pes + 1] || bytes[pes + 2] !== 1 || bytes[pes + 3] < 0xc0) return;
  if (bytes[pes + 7] & 0x80) yield [pes + 9, 'pts'];
  if ((bytes[pes + 7] & 0xc0) === 0xc0) yield [pes + 14, 'pts'];
}

function read(bytes, at, kind) {
  const b = i => BigInt(bytes[at + i]);
  if (kind === 'pcr') return b(0) << 25n | b(1) << 17n | b(2) << 9n | b(3) << 1n | b(4) >> 7n;
  return (b(0) >> 1n & 7n) << 30n | b(1) << 22n | b(2) >> 1n << 15n | b(3) << 7n | b(4) >> 1n;
}

function write(bytes, at, kind, ticks) {
  const parts = kind === 'pcr' ?
    [[0, 25n, 0xff, 0], [0, 17n, 0xff, 0], [0, 9n, 0xff, 0], [0, 1n, 0xff, 0], [7, 0n, 0x80, 0]] :
    [[1, 30n, 0x0e, 0], [0, 22n, 0xff, 0], [1, 15n, 0xfe, 1], [0, 7n, 0xff, 0], [1, 0n, 0xfe, 1]];
  parts.forEach(([up, down, mask], i) => {
    const value = Number((ticks >> down) & 0xffn) << up;
    bytes[at + i] = bytes[at + i] & ~mask | value & mask;
  });
}

export function firstTimestamp(bytes) {
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET)
    for (const [place, kind] of places(bytes, at)) if (kind === 'pts') return read(bytes, place, kind);
  throw new Error('no timestamp');
}

// A copy in which every timestamp is `ticks` earlier.
export function earlier(bytes, ticks) {
  const copy = Buffer.from(bytes);
  for (let at = 0; at + PACKET <= copy.length; at += PACKET)
    for (const [place, kind] of places(copy, at))
      write(copy, place, kind, (read(copy, place, kind) - ticks + MODULUS) % MODULUS);
  return copy;
}
