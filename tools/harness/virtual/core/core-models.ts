import type {Clock} from '@voicebridge/shared/time.ts';
import type {CallEvent} from '../../../../services/realtime-worker/src/events/call-event.ts';
import type {ModelEvent, ServerRights} from '../../../../services/realtime-worker/src/model/model-adapter.ts';
import {assistantTools} from '../../../../services/realtime-worker/src/tools/assistant-tools.ts';
import {defaultKnobs, type Knobs} from '../../../../simulators/openai/src/knobs/knobs.ts';
import type {FakeSession} from '../../../../simulators/openai/src/session/fake-session.ts';
import {ModelLink} from '../model-link.ts';
import {type CoreCallOptions, NO_NETWORK} from './core-call-options.ts';

const MODEL = 'gpt-realtime-2.1';
const CONFIGURED_WITHIN_MS = 10_000;

interface CoreModelsDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly rights: () => ServerRights;
  readonly react: (event: CallEvent) => void;
}

/** The sessions of the simulated model that a core has: the one in use, and the one that is to replace it. */
export class CoreModels {
  readonly sessions: FakeSession[] = [];
  readonly #options: CoreCallOptions;
  readonly #deps: CoreModelsDeps;
  readonly #knobs: Knobs;
  #link: ModelLink | undefined;
  #spare: ModelLink | undefined;
  #tags = 0;

  constructor(options: CoreCallOptions, deps: CoreModelsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#knobs = {...defaultKnobs, tagged: true, keepHeard: false, ...options.knobs};
  }

  /** The session in use. */
  get session(): FakeSession {
    if (!this.#link) throw new Error('no session yet');
    return this.#link.session;
  }

  open(as: 'link' | 'spare'): void {
    const {laterKnobs, garble, tolerant, modelNetwork = NO_NETWORK, script} = this.#options;
    const {clock, random, rights} = this.#deps;
    const link: ModelLink = new ModelLink({
      clock,
      random,
      network: modelNetwork,
      seed: this.#options.seed + this.sessions.length,
      model: MODEL,
      knobs: this.sessions.length === 0 ? this.#knobs : {...this.#knobs, ...laterKnobs},
      script,
      nextTag: () => (this.#tags += 1),
      garble,
      onEvent: event => this.#heard(link, event),
      onProblem: ({event, detail}) => {
        if (!garble && !tolerant) throw new Error(`${event}: ${detail}`);
      },
    });
    this.sessions.push(link.session);
    if (as === 'link') this.#link = link;
    else this.#spare = link;
    const settings = () => ({
      model: MODEL,
      instructions: 'Be brief.',
      voice: 'alloy',
      tools: assistantTools,
      maxOutputTokens: 4_096,
      safetyId: undefined,
      ...rights(),
    });
    link.begin(settings, CONFIGURED_WITHIN_MS);
  }

  tell(text: string): void {
    this.#link?.tell(text);
  }

  cut(): void {
    this.#link?.cut();
  }

  useSpare(): void {
    this.#link?.cut();
    [this.#link, this.#spare] = [this.#spare, undefined];
  }

  dropSpare(): void {
    this.#spare?.cut();
    this.#spare = undefined;
  }

  /** The connection of the session in use breaks. */
  breakLink(): void {
    this.#link?.lose({type: 'lost', cause: 'closed', detail: 'broken by the test'});
  }

  #heard(link: ModelLink, event: ModelEvent): void {
    if (link === this.#link) this.#deps.react({type: 'model', event});
    else if (link === this.#spare && event.type === 'ready') this.#deps.react({type: 'spareReady'});
    else if (link === this.#spare && event.type === 'lost') this.#deps.react({type: 'spareLost'});
  }
}
