import {createWriteStream, mkdirSync, type WriteStream} from 'node:fs';
import {readdir, rm, stat} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {CannotStart, messageOf} from '../errors.ts';
import {background, type Log} from '../observability/log.ts';
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
const HOUR: Millis = 3_600_000;
const DAY = 86_400_000;
const OURS = /^[\w-]{1,80}\.(?:edge|worker)-[0-9a-f]+\.jsonl$/;

/**
 * Captures in a folder: one file for each call and process. Files that are older than the retention are removed. What
 * cannot be written is given up, and the call does not notice.
 */
export class CaptureFolder implements Capture, AsyncDisposable {
  readonly #folder: string;
  readonly #deps: {readonly clock: Clock; readonly log: Log; readonly process: string};
  readonly #config: CaptureConfig;
  readonly #open = new Set<WriteStream>();
  readonly #sections = new Set<SectionWriter>();
  readonly #stop: Cancel;
  #hasFailed = false;

  constructor(config: CaptureConfig, deps: {readonly clock: Clock; readonly log: Log; readonly process: string}) {
    this.#config = config;
    this.#deps = deps;
    this.#folder = resolve(config.CAPTURE_DIR);
    const {CAPTURE_DAYS: days, CAPTURE_MAX_MB: megabytes} = config;
    const sweep = () => background(this.sweep(), deps.log, 'removing old captures');
    this.#stop = every(deps.clock, HOUR, sweep);
    sweep();
    deps.log.warn(
      {folder: this.#folder, days, megabytes},
      'CAPTURE is on: what is said in calls is written to files, voices and words',
    );
  }

  begin({since, ...head}: Parameters<Capture['begin']>[0]): CaptureSection {
    const {clock, process} = this.#deps;
    const file = this.#file(`${head.callSid.replaceAll(/[^\w-]/g, '_').slice(0, 80)}.${process}.jsonl`);
    let [piece, pieceAt] = ['', clock.now()];
    const flush = () => {
      if (piece !== '') file.write(piece);
      [piece, pieceAt] = ['', clock.now()];
    };
    const section: SectionWriter = new SectionWriter({process, ...head}, since ?? clock.now(), {
      clock,
      atMost: this.#config.CAPTURE_MAX_MB * 1_000_000,
      write(line) {
        if (file.destroyed || file.writableLength > WAITING_AT_MOST) return false;
        piece += line;
        if (piece.length >= PIECE || clock.now() - pieceAt >= PIECE_MS) flush();
        return true;
      },
      ended: () => {
        flush();
        file.end();
        this.#sections.delete(section);
      },
    });
    this.#sections.add(section);
    return section;
  }

  /** Removes the captures that are older than the retention. Other files in the folder are not touched. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const oldest = this.#deps.clock.wall() - this.#config.CAPTURE_DAYS * DAY;
    for (const name of names.filter(each => OURS.test(each))) {
      const path = join(this.#folder, name);
      const written = await stat(path).catch(() => undefined);
      if (written && written.mtimeMs < oldest) await rm(path, {force: true});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    const closed = [...this.#open].map(file => new Promise<void>(done => file.once('close', done)));
    for (const section of this.#sections) section.leave();
    await Promise.all(closed);
  }

  #file(name: string): WriteStream {
    // Another owner of the call may have written to it before: the sections follow one another.
    const file = createWriteStream(join(this.#folder, name), {flags: 'a', mode: 0o600});
    this.#open.add(file);
    file.on('close', () => this.#open.delete(file));
    file.on('error', err => this.#failed(err));
    return file;
  }

  #failed(err: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#deps.log.error({err}, 'captures cannot be written to CAPTURE_DIR; the calls go on');
  }

  /** The captures of a process; undefined where CAPTURE is off. */
  static open(
    config: CaptureConfig,
    deps: {readonly clock: Clock; readonly log: Log; readonly process: string},
  ): CaptureFolder | undefined {
    if (!config.CAPTURE) return undefined;
    try {
      mkdirSync(config.CAPTURE_DIR, {recursive: true, mode: 0o700});
    } catch (thrown) {
      throw new CannotStart(`CAPTURE_DIR cannot be used: ${messageOf(thrown)}`);
    }
    return new CaptureFolder(config, deps);
  }
}
