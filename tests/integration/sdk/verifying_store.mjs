// SPDX-License-Identifier: LGPL-2.1-or-later
// A bucket in memory for clouds of which there is no server: whoever writes to it is believed only when the vendor's
// own SDK signs the very same request in the very same way.
// usage: node verifying_store.mjs oss-v1|oss-v4|cos|s3 PORT BUCKET REGION     keys: STORE_ACCESS_KEY, STORE_SECRET_KEY
// GET /-/objects (unsigned) tells what is there and what was refused.
import {createHash, createHmac} from 'node:crypto';
import http from 'node:http';
import {SignatureV4} from '@smithy/signature-v4';
import COS from 'cos-nodejs-sdk-v5';
import OSS from 'ali-oss';

const [service, port, bucket, region] = process.argv.slice(2);
const accessKeyId = process.env.STORE_ACCESS_KEY, secretAccessKey = process.env.STORE_SECRET_KEY;

const hash = (name, data, form) => createHash(name).update(data).digest(form);
const pick = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));

// What ali-oss passes on as sub-resources: multipart.js names these, all others go beside the signature.
const OSS_SUBRESOURCES = ['uploads', 'uploadId', 'partNumber'];

function oss(authorizationV4) {
  const client = new OSS({region: `oss-${region}`, accessKeyId, accessKeySecret: secretAccessKey, bucket, authorizationV4});
  return ({method, key, query, headers}) => authorizationV4 ?
      client.authorizationV4(method, {headers: signedByOss(headers), queries: query}, bucket, key) :
      client.authorization(method, `/${bucket}/${key}`, pick(query, OSS_SUBRESOURCES), headers);
}
const signedByOss = headers => pick(headers, Object.keys(headers).filter(n => n.startsWith('x-oss-') || n.startsWith('content-')));

function cos({method, key, query, headers}) {
  const said = new URLSearchParams(headers.authorization);
  const names = said.get('q-header-list').split(';');
  if (!names.includes('host')) return 'the host must be signed';
  return COS.getAuthorization({SecretId: accessKeyId, SecretKey: secretAccessKey, Method: method, Key: key,
    Query: Object.fromEntries(Object.entries(query).map(([n, v]) => [n, v ?? ''])), Headers: pick(headers, names),
    KeyTime: said.get('q-sign-time')});
}

class Sha256 {
  constructor(secret) { this.secret = secret; this.data = []; }
  update(data) { this.data.push(Buffer.from(data)); }
  async digest() {
    const engine = this.secret ? createHmac('sha256', this.secret) : createHash('sha256');
    return engine.update(Buffer.concat(this.data)).digest();
  }
}

async function s3({method, path, query, headers}) {
  const names = /SignedHeaders=([^,]*)/.exec(headers.authorization)[1].split(';');
  const stamp = headers['x-amz-date'].replace(/(....)(..)(..T..)(..)(..)/, '$1-$2-$3:$4:$5');
  const signer = new SignatureV4({credentials: {accessKeyId, secretAccessKey}, region, service: 's3', sha256: Sha256,
    uriEscapePath: false});
  const request = {method, protocol: 'http:', hostname: headers.host, path, headers: pick(headers, names),
    query: Object.fromEntries(Object.entries(query).map(([n, v]) => [n, v ?? '']))};
  const {headers: {authorization}} = await signer.sign(request, {signingDate: new Date(stamp), signableHeaders: new Set(names)});
  return authorization;
}

const expectedAuthorization = {'oss-v1': oss(false), 'oss-v4': oss(true), cos, s3}[service];

// Why a request is not believed: [HTTP status, code].
async function complaint(request) {
  const {headers, body} = request;
  if (!headers.authorization) return [403, 'AccessDenied'];
  if (await expectedAuthorization(request) !== headers.authorization) return [403, 'SignatureDoesNotMatch'];
  const md5 = headers['content-md5'], sha256 = headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
  if (md5 && md5 !== hash('md5', body, 'base64')) return [400, 'BadDigest'];
  if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== hash('sha256', body, 'hex')) return [400, 'XAmzContentSHA256Mismatch'];
  if (body.length && !md5 && sha256 === 'UNSIGNED-PAYLOAD' && request.method === 'PUT') return [400, 'BodyIsNotVerified'];
  return null;
}

const objects = new Map(), uploads = new Map(), refused = [];
let begun = 0;
const etag = data => `"${hash('md5', data, 'hex')}"`;
const parts = upload => [...upload.parts].sort(([a], [b]) => a - b);
const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

function put({key, headers, body}) {
  objects.set(key, {body, headers});
  return [200, '', {etag: etag(body)}];
}

function complete({key, query, body}) {
  const upload = uploads.get(query.uploadId);
  const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>\s*<ETag>([^<]*)<\/ETag>/g)];
  const all = parts(upload);
  const fits = named.length === all.length && named.every(([, number, tag], at) => Number(number) === all[at][0] &&
      tag.replace(/&quot;|"/g, '') === etag(all[at][1]).replace(/"/g, ''));
  if (!fits) return [400, '<Error><Code>InvalidPart</Code></Error>'];
  objects.set(key, {body: Buffer.concat(all.map(([, data]) => data)), headers: upload.headers, parts: all.length});
  uploads.delete(query.uploadId);
  return [200, `<CompleteMultipartUploadResult><ETag>"x-${all.length}"</ETag></CompleteMultipartUploadResult>`];
}

function multipart(request) {
  const {method, key, query, headers, body} = request;
  if ('uploads' in query && method === 'POST') {
    uploads.set(`upload-${++begun}`, {key, headers, parts: new Map()});
    return [200, `<InitiateMultipartUploadResult><UploadId>upload-${begun}</UploadId></InitiateMultipartUploadResult>`];
  }
  if ('uploads' in query) {
    const all = [...uploads].map(([id, u]) => `<Upload><Key>${escape(u.key)}</Key><UploadId>${id}</UploadId></Upload>`);
    return [200, `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${all.join('')}</ListMultipartUploadsResult>`];
  }
  const upload = uploads.get(query.uploadId);
  if (!upload) return [404, '<Error><Code>NoSuchUpload</Code></Error>'];
  if (method === 'PUT') {
    upload.parts.set(Number(query.partNumber), body);
    return [200, '', {etag: etag(body)}];
  }
  if (method === 'POST') return complete(request);
  if (method === 'DELETE') return uploads.delete(query.uploadId) && [204, ''];
  const all = parts(upload).map(([number, data]) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${etag(data)}</ETag><Size>${data.length}</Size></Part>`);
  return [200, `<ListPartsResult><IsTruncated>false</IsTruncated>${all.join('')}</ListPartsResult>`];
}

async function serve(request) {
  const wrong = await complaint(request);
  if (wrong) {
    refused.push(`${request.method} ${request.path}: ${wrong[1]}`);
    return [wrong[0], `<Error><Code>${wrong[1]}</Code></Error>`];
  }
  if ('uploads' in request.query || 'uploadId' in request.query) return multipart(request);
  if (request.method === 'PUT') return put(request);
  const object = objects.get(request.key);
  if (!object) return [404, '<Error><Code>NoSuchKey</Code></Error>'];
  return [200, request.method === 'HEAD' ? '' : object.body, {etag: etag(object.body), 'content-length': object.body.length}];
}

function inventory() {
  const found = [...objects].map(([key, {body, headers, parts}]) => ({key, size: body.length, parts: parts ?? 0,
    sha256: hash('sha256', body, 'hex'), headers: pick(headers, Object.keys(headers).filter(n => n !== 'authorization'))}));
  return JSON.stringify({objects: found, refused, dangling: uploads.size});
}

function parse(message, body) {
  const [path, text = ''] = message.url.split('?');
  const query = Object.fromEntries(text.split('&').filter(Boolean).map(pair => {
    const at = pair.indexOf('=');
    return at < 0 ? [decodeURIComponent(pair), null] : [pair.slice(0, at), pair.slice(at + 1)].map(decodeURIComponent);
  }));
  const inHost = message.headers.host.startsWith(`${bucket}.`);
  const key = decodeURIComponent(path).slice(1);
  return {method: message.method, path, query, headers: message.headers, body,
    key: inHost ? key : key.slice(bucket.length + 1)};
}

http.createServer((message, answer) => {
  const chunks = [];
  message.on('data', chunk => chunks.push(chunk));
  message.on('end', async () => {
    if (message.url === '/-/objects') return answer.end(inventory());
    const [status, body, headers = {}] = await serve(parse(message, Buffer.concat(chunks)));
    answer.writeHead(status, headers);
    answer.end(message.method === 'HEAD' ? undefined : body);
  });
}).listen(Number(port), '127.0.0.1');
