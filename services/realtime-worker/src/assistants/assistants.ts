import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {render, variablesOf} from '@voicebridge/assistant/render.ts';
import type {VersionStore} from '@voicebridge/assistant/store/version-store.ts';
import {type StoredVersion, storedVersion, type Version} from '@voicebridge/assistant/version.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {toolsOf} from '../tools/assistant-tools.ts';
import type {CallsApi} from '../tools/schedule-callback.ts';
import type {CallAssistants, Found, NewCall} from './call-assistants.ts';
import type {McpServers} from './mcp-servers.ts';
import {askAtRing, isAsked, type RingDeps, type Rung} from './ring.ts';

/** A version that calls begin with is written again this often, long before it expires. */
const KEEP_EVERY: Millis = 3_600_000;
/** So many versions are remembered, the newest and those in use. */
const REMEMBERED = 500;

export interface AssistantsDeps {
  readonly store: VersionStore;
  /** What is asked at ring time. */
  readonly ring: Omit<RingDeps, 'clock' | 'log'>;
  /** The tools of MCP servers; there are none if not given. */
  readonly mcp?: Pick<McpServers, 'toolsOf' | 'hosted'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where callers may be transferred to besides what stands in the files: TRANSFER_ALLOW. */
  readonly transferAllow?: readonly string[];
  /** What makes calls back: CALLS_URL and CALLS_TOKEN. */
  readonly callsApi?: CallsApi | undefined;
}

/**
 * The assistants of this worker. A call keeps the version that it began with, on whatever worker it is: versions that are
 * not the newest are remembered, and those of other workers are read from the store.
 */
export class Assistants implements CallAssistants {
  readonly #deps: AssistantsDeps;
  #catalogue: Catalogue;
  /** By hash, the last used last. */
  readonly #known = new Map<string, Version>();
  readonly #keptAt = new Map<string, Millis>();

  constructor(catalogue: Catalogue, deps: AssistantsDeps) {
    this.#deps = deps;
    this.#catalogue = catalogue;
    this.renew(catalogue);
  }

  /** From now on new calls are answered by these. */
  renew(catalogue: Catalogue): void {
    this.#catalogue = catalogue;
    for (const version of catalogue.versions) this.#remember(version);
  }

  /** A version that calls of this worker have or had, as data. */
  stored(hash: string): StoredVersion | undefined {
    return this.#known.get(hash)?.stored;
  }

  ofNew(call: NewCall): Found {
    const {assistant: name, ring} = call;
    const catalogue = this.#catalogue;
    const named = name === 'default' ? undefined : catalogue.named(name);
    const version = named ?? catalogue.answering(ring?.callee);
    const given = ring?.variables ?? {};
    // Somebody who was called for a reason must not hear an assistant that knows nothing of it.
    if (ring?.variables && !named) throw new Error(`there is no assistant ${name} here`);
    const first = this.#begin({version, given}, call);
    const deps = {...this.#deps.ring, ...this.#deps};
    if (!isAsked(deps, version)) return {first};
    return {
      first,
      later: askAtRing(version, call, catalogue, deps).then(rung =>
        this.#begin({...rung, given: {...given, ...rung.given}}, call),
      ),
    };
  }

  /** A call begins with this version. */
  #begin({version, given, ring: asked}: Rung, {ring}: NewCall): Assistant {
    this.#remember(version);
    this.#keep(version);
    const facts = {direction: ring?.direction ?? 'inbound', caller: ring?.caller, callee: ring?.callee};
    const wall = this.#deps.clock.wall();
    const {assistant: resolved, tools} = version.stored;
    const assistant = this.#use(version, variablesOf(resolved, {...facts, wall}, given, tools));
    return {...assistant, ring: asked};
  }

  /** The assistant of a name as its file is now, for a call that another one had: `given` are its variables. */
  named(name: string, given: Readonly<Record<string, string>>): Assistant | undefined {
    const version = this.#catalogue.named(name);
    if (!version) return undefined;
    this.#remember(version);
    this.#keep(version);
    const {caller, callee, direction = 'inbound'} = given;
    const facts = {direction, caller, callee, wall: this.#deps.clock.wall()};
    return this.#use(version, variablesOf(version.stored.assistant, facts, given));
  }

  async ofKnown({assistant: name, kept}: Parameters<CallAssistants['ofKnown']>[0]): Promise<Assistant> {
    const {log} = this.#deps;
    const version = kept?.version === undefined ? undefined : await this.#find(kept.version);
    if (version) return this.#use(version, kept?.variables ?? {});
    // A worker of an older version had the call, or Redis has lost it.
    const current = this.#catalogue.named(name) ?? this.#catalogue.answering(undefined);
    if (kept?.version !== undefined)
      log.error(
        {assistant: name, version: kept.version},
        'a call goes on with another version of its assistant: its own is unknown',
      );
    return this.#use(current, kept?.variables ?? {});
  }

  async #find(hash: string): Promise<Version | undefined> {
    const {store, log} = this.#deps;
    const known = this.#known.get(hash);
    if (known) return known;
    const text = await store.get(hash).catch((thrown: unknown) => {
      log.warn({err: thrown, version: hash}, 'cannot read the version of an assistant');
      return undefined;
    });
    const version = text === undefined ? undefined : storedVersion(hash, text);
    if (!version) return undefined;
    // Code is the same if its source is, whatever else differs: the environment of another worker, for example.
    const same = [...this.#known.values()].find(
      ({stored, code}) => code && stored.source !== null && stored.source === version.stored.source,
    );
    const whole = {...version, code: same?.code};
    this.#remember(whole);
    return whole;
  }

  #use(version: Version, given: Readonly<Record<string, string>>): Assistant {
    const missing = (name: string) =>
      this.#deps.log.warn({assistant: version.stored.assistant.name, variable: name}, 'nothing fills in a variable');
    const assistant = render(version.stored.assistant, given, missing);
    const wall = () => this.#deps.clock.wall();
    const tools = toolsOf(version, {...assistant.variables, ...given}, {...this.#deps, wall});
    const inCode = Object.values(version.stored.tools).some(tool => tool !== false && tool.kind === 'code');
    return {...assistant, version: version.hash, given, tools, lacksCode: inCode && version.code === undefined};
  }

  #remember(version: Version): void {
    this.#known.delete(version.hash);
    this.#known.set(version.hash, version);
    for (const hash of [...this.#known.keys()].slice(0, Math.max(0, this.#known.size - REMEMBERED)))
      this.#known.delete(hash);
  }

  /** Writes a version to the store, for whoever takes the call over. A call does not wait for that. */
  #keep({hash, stored}: Version): void {
    const {store, clock, log} = this.#deps;
    const now = clock.now();
    if (now - (this.#keptAt.get(hash) ?? -Infinity) < KEEP_EVERY) return;
    this.#keptAt.set(hash, now);
    const kept = store.put(hash, JSON.stringify(stored)).catch((thrown: unknown) => {
      this.#keptAt.delete(hash);
      throw thrown;
    });
    background(kept, log, 'keeping the version of an assistant');
  }
}
