// What ./dev bench http measures fcgi-thumb against: an upload server as one
// writes it with Node, busboy and sharp when it is to be quick and to keep its
// word. The same photos, sizes, address forms and durability as fcgi-thumb:
// when an upload is answered, the original and its thumbnails are synced files
// under their names. What fcgi-thumb does beside that (claims, manifest,
// placeholder, limits, refusals that say why) is not here.
//
// DATA       its directory
// LISTEN     a port of 127.0.0.1, or the path of a Unix socket
// PROCESSES  1: one, more: a cluster of so many
// JOBS       photos whose pixels one process works on at a time

import cluster from 'node:cluster';
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import busboy from 'busboy';
import sharp from 'sharp';

const { DATA, LISTEN, PROCESSES = '1', JOBS = '2' } = process.env;
const LADDER = [1280, 640, 320, 160];
const QUALITY = 80;
const PHOTO_MAX = 32 << 20; // bytes
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const ADDRESS = /^\/t\/(([a-z2-7]{2})[a-z2-7]{24})\/(w[0-9]+\.jpg)(?:\?|$)/;
const STAGING = path.join(DATA, 'staging');
const PHOTOS = path.join(DATA, 'photos');

// The first 128 bits, as fcgi-thumb has them.
function identity(sum) {
  let bits = 0n;
  for (const byte of sum.subarray(0, 16)) bits = bits << 8n | BigInt(byte);
  bits <<= 2n;
  let id = '';
  for (let i = 125n; i >= 0n; i -= 5n) id += BASE32[Number(bits >> i & 31n)];
  return id;
}

const shelf = (id) => path.join(PHOTOS, id.slice(0, 2));

// ---- what is at work at a time ----

// Beyond so many, those that came first go first. Threads that all work on
// pixels would leave none to receive, to write and to sync.
class Turns {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async run(job) {
    if (this.#free > 0) this.#free--;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

const turns = new Turns(Number(JOBS));

// ---- files ----

async function syncDirectory(directory) {
  const handle = await fs.open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeSynced(file, data) {
  const handle = await fs.open(file, 'wx', 0o644);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* hashed(chunks, hash) {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

// Hashed on the way; its id.
async function receive(stream, file) {
  const hash = createHash('sha256');
  const handle = await fs.open(file, 'wx', 0o600);
  try {
    await handle.writeFile(hashed(stream, hash));
    if (stream.truncated) throw refusal(413, 'photo-too-large');
    await handle.sync();
  } finally {
    await handle.close();
  }
  return identity(hash.digest());
}

// ---- pixels ----

// One decode, at the smallest scale that libjpeg has for it, upright and in
// sRGB; then each size from the next larger one. While one is encoded and
// written the next is made.
async function thumbnails(original, directory, id) {
  const written = [];
  let image = sharp(original).autoOrient();
  try {
    for (const side of LADDER) {
      const { data, info } = await image
        .resize(side, side, { fit: 'inside', withoutEnlargement: true })
        .raw().toBuffer({ resolveWithObject: true });
      const pixels = { raw: {
        width: info.width, height: info.height, channels: info.channels } };
      written.push(thumbnail(sharp(data, pixels), directory, id, side));
      image = sharp(data, pixels);
    }
    return await Promise.all(written);
  } finally {
    await Promise.allSettled(written); // before the directory is removed
  }
}

async function thumbnail(image, directory, id, side) {
  const { data, info } = await image.jpeg({ quality: QUALITY })
    .toBuffer({ resolveWithObject: true });
  const name = `w${side}.jpg`;
  await writeSynced(path.join(directory, name), data);
  return { preset: `w${side}`, url: `/t/${id}/${name}`, type: 'image/jpeg',
    width: info.width, height: info.height, bytes: info.size };
}

// ---- uploads ----

function refusal(status, code) {
  return Object.assign(new Error(code), { status });
}

async function exists(file) {
  return fs.access(file).then(() => true, () => false);
}

// A photo of a form: received, made, put into place; what is said of it.
async function take(stream, name) {
  const directory = path.join(STAGING, randomBytes(12).toString('hex'));
  await fs.mkdir(directory, 0o755);
  try {
    const original = path.join(directory, 'original.jpg');
    const id = await receive(stream, original);
    const place = path.join(shelf(id), id);
    if (await exists(place)) return { name, id, status: 'exists' };
    const variants = await turns.run(
      () => thumbnails(original, directory, id)).catch((error) => {
      throw error.code ? error : refusal(422, 'corrupt-image');
    });
    await syncDirectory(directory);
    try {
      await fs.rename(directory, place);
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      return { name, id, status: 'exists' }; // another one was first
    }
    await syncDirectory(shelf(id));
    return { name, id, status: 'created', variants };
  } finally {
    stream.resume();
    await fs.rm(directory, { recursive: true, force: true });
  }
}

async function upload(request, response) {
  const taken = [];
  const form = busboy({ headers: request.headers,
    limits: { fileSize: PHOTO_MAX, files: 20 } });
  form.on('file', (_, stream, { filename }) => {
    const photo = take(stream, filename);
    photo.catch(() => {}); // heard below
    taken.push(photo);
  });
  await pipeline(request, form);
  const photos = await Promise.all(taken);
  if (photos.length === 0) throw refusal(400, 'no-file');
  const fresh = photos.some(({ status }) => status === 'created');
  answer(response, fresh ? 201 : 200, { photos });
}

// ---- thumbnails ----

// As `send` does it, which is what Express serves files with.
async function serve(request, response, id, name) {
  const handle = await fs.open(path.join(shelf(id), id, name)).catch(
    (error) => {
      throw error.code === 'ENOENT' ? refusal(404, 'not-found') : error;
    });
  try {
    const { size, mtime, mtimeMs } = await handle.stat();
    const etag = `W/"${size.toString(16)}-${mtimeMs.toString(16)}"`;
    const known = request.headers['if-none-match'] === etag;
    response.writeHead(known ? 304 : 200, {
      'Content-Type': 'image/jpeg', 'Content-Length': size, ETag: etag,
      'Last-Modified': mtime.toUTCString(),
      'Cache-Control': 'public, max-age=31536000, immutable' });
    if (known || request.method === 'HEAD') response.end();
    else {
      await pipeline(handle.createReadStream({ autoClose: false }), response);
    }
  } finally {
    await handle.close();
  }
}

// ---- requests ----

function answer(response, status, document) {
  const body = Buffer.from(JSON.stringify(document));
  response.writeHead(status, {
    'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

async function handle(request, response) {
  const { method, url } = request;
  const thumb = ADDRESS.exec(url);
  try {
    if (thumb && (method === 'GET' || method === 'HEAD')) {
      await serve(request, response, thumb[1], thumb[3]);
    } else if (url === '/upload' && method === 'POST') {
      await upload(request, response);
    } else if (url === '/ready') {
      answer(response, 200, { ready: true });
    } else {
      throw refusal(404, 'not-found');
    }
  } catch (error) {
    if (!error.status) console.error(error);
    if (response.headersSent) response.destroy();
    else answer(response, error.status ?? 500, { code: error.message });
  }
}

async function prepare() {
  await fs.mkdir(STAGING, { recursive: true });
  for (const a of BASE32) {
    for (const b of BASE32) {
      await fs.mkdir(path.join(PHOTOS, a + b), { recursive: true });
    }
  }
}

function end() {
  if (cluster.isWorker) process.exit();
  for (const worker of Object.values(cluster.workers ?? {})) worker.kill();
  process.exit();
}

process.on('SIGTERM', end);
process.on('disconnect', end);
if (cluster.isPrimary) await prepare();
if (cluster.isPrimary && Number(PROCESSES) > 1) {
  for (let i = 0; i < Number(PROCESSES); i++) cluster.fork();
  cluster.on('exit', end);
} else {
  const server = http.createServer(handle);
  server.keepAliveTimeout = 60_000; // longer than nginx keeps one
  server.listen(/^[0-9]+$/.test(LISTEN)
    ? { port: Number(LISTEN), host: '127.0.0.1' } : { path: LISTEN });
}
