import {freePort, type RunningProcess} from '../local-stack/processes.ts';
import {openBalancer} from './balancer.ts';

type Env = Readonly<Record<string, string>>;

export interface WebhooksDeps {
  /** The environment of a webhook at an address of its own. */
  readonly newEnv: () => Promise<Env>;
  readonly start: (env: Env) => Promise<RunningProcess>;
  /** Ends with the webhooks. */
  readonly stack: AsyncDisposableStack;
}

/** The webhooks of one number: one, or several behind a load balancer. */
export class Webhooks {
  /** The one that has been there for longest is the first. */
  readonly all: RunningProcess[] = [];
  readonly #deps: WebhooksDeps;
  #env: Env = {};

  constructor(deps: WebhooksDeps) {
    this.#deps = deps;
  }

  get env(): Env {
    return this.#env;
  }

  /** Where Twilio and programs ask. */
  get url(): string {
    return this.#env['PUBLIC_WEBHOOK_URL'] ?? '';
  }

  async start(count: number): Promise<void> {
    const {newEnv, stack} = this.#deps;
    this.#env = await newEnv();
    if (count > 1) {
      const balancer = stack.use(await openBalancer(() => this.all.map(({port}) => port)));
      this.#env = {...this.#env, PUBLIC_WEBHOOK_URL: `http://127.0.0.1:${balancer.port}`};
    }
    const others = Array.from({length: count - 1}, () => this.#addAnywhere());
    await Promise.all([this.#add(this.#env), ...others]);
  }

  /** Stops one and starts another at the same address. */
  async restart(): Promise<void> {
    const [first] = this.all.splice(0, 1);
    await first?.stop();
    await this.#add({...this.#env, ...(first ? {PORT: String(first.port)} : {})});
  }

  /** Kills one of several, and starts another in its place. */
  async kill(): Promise<void> {
    const [victim] = this.all.splice(0, 1);
    if (victim) process.kill(victim.pid, 'SIGKILL');
    await this.#addAnywhere();
  }

  async #addAnywhere(): Promise<void> {
    await this.#add({...this.#env, PORT: String(await freePort())});
  }

  async #add(env: Env): Promise<void> {
    this.all.push(this.#deps.stack.use(await this.#deps.start(env)));
  }
}
