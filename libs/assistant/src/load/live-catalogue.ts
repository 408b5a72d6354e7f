import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {Catalogue} from '../catalogue.ts';
import type {ResolvedAssistant} from '../resolved.ts';
import {AssistantsFolder} from './read-folder.ts';

/** A folder is looked at this often, whatever file system it is on. */
const LOOK_EVERY: Millis = 1_000;

export interface LiveCatalogueOptions {
  readonly folder: string;
  /** The assistant of the environment. */
  readonly base: ResolvedAssistant;
  readonly clock: Clock;
  readonly log: Log;
}

/** The assistants of a folder, kept as it is now. While something in it is wrong, the last good ones stay. */
export class LiveCatalogue implements Disposable {
  readonly #options: LiveCatalogueOptions;
  readonly #folder: AssistantsFolder;
  #current: Catalogue;
  #fingerprint = '';
  #isLooking = false;
  #stop: Cancel = () => {};
  readonly #listeners = new Set<(catalogue: Catalogue) => void>();

  private constructor(options: LiveCatalogueOptions) {
    this.#options = options;
    this.#folder = new AssistantsFolder(options.folder);
    this.#current = new Catalogue(options.base);
  }

  /** Reads the folder. Rejects with `CannotStart` if anything in it is wrong. */
  static async open(options: LiveCatalogueOptions): Promise<LiveCatalogue> {
    const live = new LiveCatalogue(options);
    live.#fingerprint = await fingerprint(options.folder);
    const problems = await live.#read();
    if (problems.length > 0) {
      live.#folder[Symbol.dispose]();
      throw new CannotStart(
        [`the assistants in ${options.folder} need ${changes(problems)}:`, ...problems.map(one => `  ${one}`)].join(
          '\n',
        ),
      );
    }
    const {clock, log} = options;
    live.#stop = every(clock, LOOK_EVERY, () => background(live.look(), log, 'looking at the assistants'));
    return live;
  }

  get current(): Catalogue {
    return this.#current;
  }

  onChange(listener: (catalogue: Catalogue) => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the folder again if something in it has changed. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const now = await fingerprint(this.#options.folder);
      if (now === this.#fingerprint) return;
      this.#fingerprint = now;
      const problems = await this.#read();
      const {log} = this.#options;
      if (problems.length > 0)
        return log.error({problems}, 'the assistants were not reloaded: their files have errors');
      const versions = this.#current.versions.map(({hash, stored}) => `${stored.assistant.name} ${hash}`);
      log.info({versions}, 'the assistants were reloaded: new calls use them');
      for (const listener of this.#listeners) listener(this.#current);
    } finally {
      this.#isLooking = false;
    }
  }

  /** Replaces the catalogue if nothing is wrong; otherwise returns what is. */
  async #read(): Promise<readonly string[]> {
    const {assistants, problems} = await this.#folder.read();
    if (problems.length === 0) this.#current = new Catalogue(this.#options.base, assistants);
    return problems;
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#folder[Symbol.dispose]();
  }
}

const changes = ({length}: readonly string[]) => (length === 1 ? 'one change' : `${length} changes`);

/** Changes whenever a file in the folder does. Links are followed: a mounted ConfigMap is a folder of links. */
async function fingerprint(folder: string): Promise<string> {
  const names = await readdir(folder, {recursive: true}).catch(() => []);
  const files = names.filter(name => !/(^|[\\/])(node_modules|\.[^.])/.test(name)).toSorted();
  const states = await Promise.all(
    files.map(async name => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found?.isFile() ? `${name} ${found.mtimeMs} ${found.size}` : '';
    }),
  );
  return states.join('\n');
}
