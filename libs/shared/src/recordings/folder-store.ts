import {randomUUID} from 'node:crypto';
import {mkdir, open, readdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {dirname, join, relative, sep} from 'node:path';
import type {RecordingStore, StoredObject} from './recording-store.ts';

/** Recordings in a folder, which all workers and analytics must share. It is made when the first object is stored. */
export class FolderStore implements RecordingStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(key: string, body: Buffer): Promise<void> {
    const path = this.#path(key);
    // A reader never sees half a file, also if this process is killed now.
    const unfinished = `${path}.${randomUUID()}.part`;
    await mkdir(dirname(path), {recursive: true});
    try {
      await writeFile(unfinished, body, {mode: 0o640});
      await rename(unfinished, path);
    } catch (thrown) {
      await rm(unfinished, {force: true}).catch(() => {});
      throw thrown;
    }
  }

  async read(key: string, from: number, to: number): Promise<Buffer | undefined> {
    const file = await unlessMissing(open(this.#path(key)));
    if (!file) return undefined;
    try {
      const {size} = await file.stat();
      const bytes = Buffer.alloc(Math.max(0, Math.min(to, size) - from));
      const {bytesRead} = await file.read(bytes, 0, bytes.length, from);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    const folder = this.#path(prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const found: StoredObject[] = [];
    for await (const path of this.#files(folder, prefix)) {
      const key = this.#key(path);
      if (!key.startsWith(prefix) || key.endsWith('.part')) continue;
      const entry = await unlessMissing(stat(path));
      if (entry?.isFile()) found.push({key, bytes: entry.size});
    }
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await rm(this.#path(key), {force: true});
    // The folder of a call whose last object is gone.
    const folders = new Set(keys.map(key => dirname(this.#path(key))).filter(folder => folder !== this.#folder));
    for (const folder of folders) {
      const left = await unlessMissing(readdir(folder));
      if (left?.length === 0) await rm(folder, {recursive: true, force: true});
    }
  }

  /** The files in a folder and those in it that may belong there. What others remove meanwhile hides nothing else. */
  async *#files(folder: string, prefix: string): AsyncGenerator<string> {
    for (const entry of (await unlessMissing(readdir(folder, {withFileTypes: true}))) ?? []) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) yield path;
      else if (`${this.#key(path)}/`.startsWith(prefix)) yield* this.#files(path, prefix);
    }
  }

  #key(path: string): string {
    return relative(this.#folder, path).split(sep).join('/');
  }

  #path(key: string): string {
    return join(this.#folder, ...key.split('/'));
  }
}

async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
