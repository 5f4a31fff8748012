// SPDX-License-Identifier: LGPL-2.1-or-later
// What Amazon's SDK finds in a bucket: one JSON object a line, in the order of the keys.
// usage: node inventory.mjs ENDPOINT REGION BUCKET     keys: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
import {createHash} from 'node:crypto';
import {GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, S3Client, paginateListObjectsV2,}
  from '@aws-sdk/client-s3';

const [endpoint, region, Bucket] = process.argv.slice(2);
const client = new S3Client({endpoint, region, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED'});

for await (const page of paginateListObjectsV2({client, pageSize: 7}, {Bucket})) {
  for (const {Key, Size, ETag} of page.Contents ?? []) {
    const head = await client.send(new HeadObjectCommand({Bucket, Key}));
    const {Body} = await client.send(new GetObjectCommand({Bucket, Key}));
    const hash = createHash('sha256');
    for await (const chunk of Body) hash.update(chunk);
    console.log(JSON.stringify({key: Key, size: Size, etag: ETag, head_size: head.ContentLength,
      type: head.ContentType, storage_class: head.StorageClass ?? 'STANDARD', metadata: head.Metadata,
      sha256: hash.digest('hex')}));
  }
}
const {Uploads} = await client.send(new ListMultipartUploadsCommand({Bucket}));
console.log(JSON.stringify({dangling: Uploads?.length ?? 0}));
