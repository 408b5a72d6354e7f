import {createHash} from 'node:crypto';
import {registerHooks} from 'node:module';
import {pathToFileURL} from 'node:url';

/** What a file imports by these names comes from this installation, wherever the file is. */
const OURS = /^(@voicebridge\/assistant|zod)(\/|$)/;

/** The modules below one folder, imported by Node itself. After `renew` they are imported again, with all they import there. */
export class ModuleFolder implements Disposable {
  readonly #base: string;
  readonly #hooks;
  #generation = 0;
  /** By URL: the hash of its text, and what it imports of this folder. */
  readonly #hashes = new Map<string, string>();
  readonly #imports = new Map<string, Set<string>>();

  constructor(folder: string) {
    this.#base = `${pathToFileURL(folder).href.replace(/\/+$/, '')}/`;
    this.#hooks = registerHooks({
      resolve: (specifier, context, next) => {
        const from = context.parentURL;
        if (from?.startsWith(this.#base) && OURS.test(specifier)) {
          return next(specifier, {...context, parentURL: import.meta.url});
        }
        const found = next(specifier, context);
        if (!found.url.startsWith(this.#base)) return found;
        const url = found.url.includes('?') ? found.url : `${found.url}?generation=${this.#generation}`;
        if (from?.startsWith(this.#base)) this.#imports.set(from, (this.#imports.get(from) ?? new Set()).add(url));
        return {...found, url};
      },
      load: (url, context, next) => {
        const loaded = next(url, context);
        if (url.startsWith(this.#base)) {
          const {source} = loaded;
          const text = typeof source === 'string' || source instanceof Uint8Array ? source : '';
          this.#hashes.set(url, createHash('sha256').update(text).digest('hex'));
        }
        return loaded;
      },
    });
  }

  /** The files may have changed. */
  renew(): void {
    this.#generation += 1;
    this.#hashes.clear();
    this.#imports.clear();
  }

  /** Imports a file. `source`: a hash of its text and of all that it imports of this folder. */
  async import(file: string): Promise<{readonly exported: unknown; readonly source: string}> {
    const url = `${pathToFileURL(file).href}?generation=${this.#generation}`;
    const module: unknown = await import(url);
    const exported = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
    return {exported, source: this.#sourceOf(url)};
  }

  #sourceOf(url: string): string {
    const seen = new Set([url]);
    for (const one of seen) for (const next of this.#imports.get(one) ?? []) seen.add(next);
    const texts = [...seen].map(one => `${one.slice(this.#base.length).replace(/\?.*/, '')} ${this.#hashes.get(one)}`);
    return createHash('sha256').update(texts.toSorted().join('\n')).digest('hex').slice(0, 20);
  }

  [Symbol.dispose](): void {
    this.#hooks.deregister();
  }
}
