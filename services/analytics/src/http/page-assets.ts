import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {extname} from 'node:path';
import {gzipSync} from 'node:zlib';
import type {RequestHandler} from 'express';

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
}

const FOLDER = new URL('../../dashboard/', import.meta.url);

/** The only library of the page, read from node_modules. */
const VENDOR = {
  '/vendor/uplot.js': import.meta.resolve('uplot/dist/uPlot.iife.min.js'),
  '/vendor/uplot.css': import.meta.resolve('uplot/dist/uPlot.min.css'),
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page may load from and talk to its own origin only; no inline script, no inline style. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "media-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer, API or page. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  });
  next();
};

/** Every file of the page by its path, read once. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  const add = async (path: string, file: URL) => {
    const body = await readFile(file);
    assets.set(path, {
      type: TYPES[extname(path === '/' ? '.html' : path) || '.html'] ?? 'application/octet-stream',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      body,
      gzip: gzipSync(body, {level: 9}),
    });
  };
  for (const name of await readdir(FOLDER))
    if (TYPES[extname(name)] !== undefined) await add(name === 'index.html' ? '/' : `/${name}`, new URL(name, FOLDER));
  for (const [path, file] of Object.entries(VENDOR)) await add(path, new URL(file));
  return assets;
}

/** Answers with a file of the page; passes every other request on. */
export function pageAssets(assets: ReadonlyMap<string, Asset>): RequestHandler {
  return (request, response, next) => {
    const asset = request.method === 'GET' || request.method === 'HEAD' ? assets.get(request.path) : undefined;
    if (!asset) {
      next();
      return;
    }
    response.set({'content-type': asset.type, etag: asset.etag, 'cache-control': 'no-cache', vary: 'accept-encoding'});
    if (request.get('if-none-match') === asset.etag) {
      response.status(304).end();
      return;
    }
    const zipped = /\bgzip\b/.test(request.get('accept-encoding') ?? '');
    if (zipped) response.set('content-encoding', 'gzip');
    response.end(zipped ? asset.gzip : asset.body);
  };
}
