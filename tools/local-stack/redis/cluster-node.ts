import {setTimeout as sleep} from 'node:timers/promises';
import {Redis} from 'ioredis';
import type {ClientOptions} from '@voicebridge/shared/redis/client.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {startRedisBinary, type PrivateRedis, type RedisBinary} from './private-redis.ts';

export interface NodeOptions {
  readonly binary: RedisBinary;
  readonly port: number;
  readonly busPort: number;
  /** Its folder, which a restart finds again: `nodes.conf` says who it is. */
  readonly dir: string;
  /** More of the server's settings. */
  readonly settings: readonly string[];
  /** How a client of ours connects. */
  readonly client: ClientOptions;
}

/** Valkey answers CLUSTER SETSLOT when the replicas have it, so as many are on their way as there are connections. */
const AT_ONCE = 32;

/** One server of a Redis Cluster: a process of ours and connections to it. */
export class ClusterNode implements AsyncDisposable {
  readonly port: number;
  readonly busPort: number;
  readonly client: Redis;
  readonly #more: Redis[] = [];
  readonly #options: NodeOptions;
  #server: PrivateRedis;
  #isFrozen = false;

  private constructor(options: NodeOptions, server: PrivateRedis) {
    this.#options = options;
    this.#server = server;
    this.port = options.port;
    this.busPort = options.busPort;
    this.client = this.#connect();
  }

  #connect(): Redis {
    const {client: options, port} = this.#options;
    const client = new Redis({...options, host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: 0});
    client.on('error', () => {});
    return client;
  }

  /** The password of connections that are opened from now on. */
  setPassword(password: string): void {
    for (const {options} of [this.client, ...this.#more]) options.password = password;
  }

  static async start(options: NodeOptions): Promise<ClusterNode> {
    return new ClusterNode(options, await run(options));
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** A command to this node, as text or numbers; rejects after `within`. */
  async ask(command: string, args: readonly (string | number)[], within: Millis = 5_000): Promise<unknown> {
    const late = new AbortController();
    const timeout = sleep(within, undefined, {signal: late.signal, ref: false}).then(
      () => Promise.reject(new Error(`${command} took longer than ${within} ms at ${this.port}`)),
      () => {},
    );
    try {
      return await Promise.race([this.client.call(command, ...args), timeout]);
    } finally {
      late.abort();
    }
  }

  /** `CLUSTER …`, answered as text. */
  async cluster(...args: readonly (string | number)[]): Promise<string> {
    return String(await this.ask('CLUSTER', args));
  }

  /** Many `CLUSTER …` at once. Resolves with the failures. */
  async clusterAll(commands: readonly (readonly (string | number)[])[]): Promise<Error[]> {
    while (this.#more.length < AT_ONCE - 1) this.#more.push(this.#connect());
    const pipelines = [this.client, ...this.#more].map(client => client.pipeline());
    for (const [index, command] of commands.entries())
      pipelines[index % pipelines.length]?.call('CLUSTER', ...command.map(String));
    const answers = await Promise.all(pipelines.map(pipeline => pipeline.exec()));
    return answers.flatMap(each => each ?? []).flatMap(([error]) => error ?? []);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.#server.exited;
    this.#isFrozen = false;
  }

  /** Starts it again after `kill`, on the same port and with the same identity. */
  async revive(settings: readonly string[] = []): Promise<void> {
    this.#server = await run({...this.#options, settings: [...this.#options.settings, ...settings]});
  }

  /** SIGSTOP: it keeps its connections and says nothing more. */
  freeze(): void {
    this.#isFrozen = true;
    process.kill(this.pid, 'SIGSTOP');
  }

  /** SIGCONT. */
  thaw(): void {
    this.#isFrozen = false;
    process.kill(this.pid, 'SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.client, ...this.#more]) client.disconnect();
    if (this.#isFrozen) this.thaw();
    await this.#server.close();
  }
}

function run({binary, port, busPort, dir, settings}: NodeOptions): Promise<PrivateRedis> {
  const asNode = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-announce-ip', '127.0.0.1'];
  return startRedisBinary(binary, {port, dir, settings: [...asNode, ...settings]});
}
