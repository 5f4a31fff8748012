-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The catalogue's views. They are made anew by every upgrade.
DROP VIEW IF EXISTS outbox_ready;

-- What can be worked on, now or at next_attempt_us. What one target is told about one recording is told in order.
CREATE VIEW outbox_ready AS
  SELECT o.* FROM outbox o
  WHERE o.done_us IS NULL AND o.lease = ''
    AND NOT (o.kind = 'upload' AND EXISTS (  -- a part of it is being sent
               SELECT 1 FROM growing_upload g
               WHERE g.file_id = o.file_id AND g.target = o.target AND g.lease <> ''))
    AND (o.waits_for = 'nothing'
         OR (o.waits_for = 'upload' AND NOT EXISTS (
               SELECT 1 FROM outbox u
               WHERE u.recording_id = o.recording_id AND u.file_id = o.file_id AND u.kind = 'upload'
                 AND u.done_us IS NULL
                 AND EXISTS (SELECT 1 FROM file f WHERE f.id = o.file_id AND f.url = '')))
         OR (o.waits_for = 'segments' AND NOT EXISTS (
               SELECT 1 FROM outbox s
               WHERE s.recording_id = o.recording_id AND s.segment_id IS NOT NULL AND s.target = o.target
                 AND s.done_us IS NULL AND s.id < o.id
                 AND s.id > (SELECT coalesce(max(p.id), 0) FROM outbox p
                             WHERE p.recording_id = o.recording_id AND p.target = o.target
                               AND p.waits_for = 'segments' AND p.id < o.id))
             AND NOT EXISTS (  -- of a clip: others' segments
               SELECT 1 FROM clip_segment c JOIN outbox s ON s.segment_id = c.segment_id
               WHERE c.recording_id = o.recording_id AND s.kind = 'upload' AND s.target = o.target
                 AND s.done_us IS NULL)
             AND NOT EXISTS (  -- what there was of it so far is being sent
               SELECT 1 FROM outbox l
               WHERE l.recording_id = o.recording_id AND l.running = 1 AND l.target = o.target
                 AND l.lease <> '')))
    AND (o.kind = 'upload' OR NOT EXISTS (
           SELECT 1 FROM outbox e
           WHERE e.kind = 'callback' AND e.recording_id = o.recording_id AND e.target = o.target
             AND e.done_us IS NULL AND e.holds = 1 AND e.id < o.id));
