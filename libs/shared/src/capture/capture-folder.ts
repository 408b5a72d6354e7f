import {createWriteStream, mkdirSync, type WriteStream} from 'node:fs';
import {readdir, readFile, rm, stat} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {gzip} from 'node:zlib';
import {CannotStart, messageOf} from '../errors.ts';
import {background, type Log} from '../observability/log.ts';
import {captureKey} from '../recordings/capture-key.ts';
import type {RecordingStore} from '../recordings/recording-store.ts';
import {sleep} from '../retry.ts';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import type {Capture, CaptureSection} from './capture.ts';
import type {CaptureConfig} from './capture-settings.ts';
import {SectionWriter} from './section-writer.ts';

/** What is written together, in characters, or after so long. */
const PIECE = 32_768;
const PIECE_MS: Millis = 1_000;
/** So much may wait for a disk that is slow; then the capture of the call ends. */
const WAITING_AT_MOST = 16 * 1_024 * 1_024;
/** So much of one call is held until it is known whether it may be kept, about a minute, and of all calls together. */
const HELD_AT_MOST = 1_024 * 1_024;
const ALL_HELD_AT_MOST = 64 * 1_024 * 1_024;
const HOUR: Millis = 3_600_000;
const DAY = 86_400_000;
/** A file that was not written to for so long belongs to a process that is gone, or to a call that is over. */
const IS_LEFT: Millis = 2 * HOUR;
/** A process that ends waits so long for what it sends to the store. */
const SENT_WITHIN: Millis = 10_000;
/** What the store refuses while the process drains is sent again after these times. */
const SENT_AGAIN_AFTER: readonly Millis[] = [500, 2_000, 8_000];
const OURS = /^([\w-]{1,80})\.((?:edge|worker)-[0-9a-f]+)\.(\d+)\.jsonl$/;

interface FolderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly process: string;
  /** Where files go when they are whole; they stay in the folder, if not given. */
  readonly store?: RecordingStore | undefined;
}

/**
 * Captures in a folder: one file for each call, process and section. A file that is whole goes to the recordings' store, where there is
 * one; what it cannot take now is sent again each hour. Files that are older than the retention are removed. What cannot be
 * written is given up, and the call does not notice.
 */
export class CaptureFolder implements Capture, AsyncDisposable {
  readonly #folder: string;
  readonly #deps: FolderDeps;
  readonly #config: CaptureConfig;
  readonly #open = new Map<string, WriteStream>();
  readonly #sections = new Set<SectionWriter>();
  readonly #sending = new Map<string, Promise<void>>();
  /** Whole files that the store has refused. */
  readonly #refused = new Set<string>();
  readonly #stop: Cancel;
  #held = 0;
  #hasFailed = false;
  #isStoreAway = false;

  constructor(config: CaptureConfig, deps: FolderDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#folder = resolve(config.CAPTURE_DIR);
    const {CAPTURE: whose, CAPTURE_DAYS: days, CAPTURE_MAX_MB: megabytes} = config;
    const sweep = () => background(this.sweep(), deps.log, 'removing old captures');
    this.#stop = every(deps.clock, HOUR, sweep);
    sweep();
    const calls = whose === 'on' ? 'calls' : 'calls of assistants with capture: true';
    deps.log.warn(
      {folder: this.#folder, days, megabytes},
      `CAPTURE is ${whose}: what is said in ${calls} is written to files, voices and words`,
    );
  }

  begin({since, held = false, ...head}: Parameters<Capture['begin']>[0]): CaptureSection {
    const {clock, process} = this.#deps;
    const begun = clock.wall() - (clock.now() - (since ?? clock.now()));
    const name = `${head.callSid.replaceAll(/[^\w-]/g, '_').slice(0, 80)}.${process}.${Math.round(begun)}.jsonl`;
    let file = held ? undefined : this.#file(name);
    let [piece, pieceAt] = ['', clock.now()];
    const flush = () => {
      if (piece !== '') file?.write(piece);
      [piece, pieceAt] = ['', clock.now()];
    };
    const section: SectionWriter = new SectionWriter({process, ...head}, since ?? clock.now(), {
      clock,
      atMost: this.#config.CAPTURE_MAX_MB * 1_000_000,
      write: line => {
        if (file && (file.destroyed || file.writableLength > WAITING_AT_MOST)) return false;
        piece += line;
        if (!file) {
          this.#held += line.length;
          return piece.length <= HELD_AT_MOST && this.#held <= ALL_HELD_AT_MOST;
        }
        if (piece.length >= PIECE || clock.now() - pieceAt >= PIECE_MS) flush();
        return true;
      },
      kept: () => {
        if (file) return;
        this.#held -= piece.length;
        file = this.#file(name);
        flush();
      },
      ended: () => {
        if (!file) this.#held -= piece.length;
        flush();
        file?.end();
        this.#sections.delete(section);
      },
    });
    this.#sections.add(section);
    return section;
  }

  /**
   * Removes the captures that are older than the retention, and sends to the store what a process before has left. Other files
   * in the folder are not touched.
   */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const now = this.#deps.clock.wall();
    for (const name of names.filter(each => OURS.test(each))) {
      const path = join(this.#folder, name);
      const written = await stat(path).catch(() => undefined);
      if (!written) continue;
      if (written.mtimeMs < now - this.#config.CAPTURE_DAYS * DAY) await rm(path, {force: true});
      else if (written.mtimeMs < now - IS_LEFT) await this.#send(name);
    }
  }

  /**
   * Resolves when what is whole has gone to the store, or was refused several times: for a process that drains, since the folder of a
   * container is gone with it.
   */
  async allSent(): Promise<void> {
    for (const wait of [...SENT_AGAIN_AFTER, undefined]) {
      await Promise.all([...this.#open.values()].filter(file => file.writableEnded).map(isClosed));
      await Promise.all(this.#sending.values());
      if (this.#refused.size === 0 || wait === undefined) return;
      await sleep(this.#deps.clock, wait);
      for (const name of this.#refused) background(this.#send(name), this.#deps.log, 'sending a capture');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    const closed = [...this.#open.values()].map(isClosed);
    for (const section of this.#sections) section.leave();
    await Promise.all(closed);
    await Promise.race([Promise.all(this.#sending.values()), sleep(this.#deps.clock, SENT_WITHIN)]);
  }

  #file(name: string): WriteStream {
    const file = createWriteStream(join(this.#folder, name), {flags: 'a', mode: 0o600});
    this.#open.set(name, file);
    file.on('close', () => {
      this.#open.delete(name);
      background(this.#send(name), this.#deps.log, 'sending a capture');
    });
    file.on('error', err => this.#failed(err));
    return file;
  }

  /** Sends a file to the store and removes it here. What cannot be sent stays, and is tried again. */
  #send(name: string): Promise<void> {
    const {store} = this.#deps;
    const [, callSid, process, begun] = OURS.exec(name) ?? [];
    if (!store || this.#open.has(name) || callSid === undefined || process === undefined) return Promise.resolve();
    const path = join(this.#folder, name);
    const send = async () => {
      try {
        const body = await promisify(gzip)(await readFile(path));
        await store.put(captureKey(callSid, process, Number(begun)), body);
        await rm(path, {force: true});
        this.#refused.delete(name);
        this.#isStoreAway = false;
      } catch (thrown) {
        // A full disk has made no file.
        const isGone = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
        if (isGone) this.#refused.delete(name);
        else this.#refused.add(name);
        if (isGone) return;
        if (!this.#isStoreAway)
          this.#deps.log.warn({err: thrown}, 'captures cannot be sent to RECORDINGS_URL; they wait in CAPTURE_DIR');
        this.#isStoreAway = true;
      }
    };
    const sent = this.#sending.get(name) ?? send().finally(() => this.#sending.delete(name));
    this.#sending.set(name, sent);
    return sent;
  }

  #failed(err: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#deps.log.error({err}, 'captures cannot be written to CAPTURE_DIR; the calls go on');
  }

  /** The captures of a process; undefined where CAPTURE is off. */
  static open(config: CaptureConfig, deps: FolderDeps): CaptureFolder | undefined {
    if (config.CAPTURE === 'off') return undefined;
    try {
      mkdirSync(config.CAPTURE_DIR, {recursive: true, mode: 0o700});
    } catch (thrown) {
      throw new CannotStart(`CAPTURE_DIR cannot be used: ${messageOf(thrown)}`);
    }
    return new CaptureFolder(config, deps);
  }
}

const isClosed = (file: WriteStream) => new Promise<void>(done => void file.once('close', done));
