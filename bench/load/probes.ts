import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type Server, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

/** The module that is loaded into what is measured. */
const PROBE = new URL('probe.mjs', import.meta.url);
/** A process that is stuck for longer does not answer at all. */
const ANSWER_WITHIN_MS = 10_000;

/** What a measured process tells about itself. */
export interface Answer {
  /** Garbage-collection pauses since `begin`, in ms. */
  readonly pauses?: readonly number[];
  /** Share of the time from `begin` to `end` in which the event loop was not waiting, 0 to 1. */
  readonly threadBusy?: number;
  /** Processor time of the longest turn of the event loop from `begin` to `end`, in ms, if it was asked for. Other processes do not count. */
  readonly longestTurnMs?: number;
  /** Bytes alive on the heap and in buffers, after a garbage collection. */
  readonly heapBytes?: number;
}

/** `profile`: the file that gets the processor profile from `begin` to `end`; none is recorded without it. */
export interface Question {
  readonly ask: 'begin' | 'end' | 'heap';
  /** Whether `longestTurnMs` is measured from now on, which costs the process some hundred wake-ups a second. */
  readonly turns?: boolean;
  readonly profile?: string;
}

interface Connected {
  readonly socket: Socket;
  readonly waiting: Map<number, (answer: Answer) => void>;
}

/** Asks measured Node processes what only they know. Processes that are no Node have no answer. */
export class Probes implements AsyncDisposable {
  /** Arguments for Node itself that load the probe. */
  static readonly node = ['--import', fileURLToPath(PROBE)];
  /** Loads the probe into any Node program that is started by a command. */
  static readonly nodeOptions = `--import ${PROBE.href}`;
  /** For the environment of each measured process. */
  readonly env: {readonly BENCH_PROBE: string};
  readonly #server: Server;
  readonly #folder: string;
  readonly #connected = new Map<number, Connected>();
  #questions = 0;

  private constructor(server: Server, folder: string, path: string) {
    this.env = {BENCH_PROBE: path};
    this.#server = server.on('connection', socket => this.#hear(socket));
    this.#folder = folder;
  }

  static async listen(): Promise<Probes> {
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-bench-'));
    const path = join(folder, 'probe');
    const server = createServer().listen(path);
    await once(server, 'listening');
    return new Probes(server, folder, path);
  }

  /** Resolves with `{}` if this process has no probe or does not answer. */
  ask(pid: number, question: Question): Promise<Answer> {
    const process = this.#connected.get(pid);
    if (!process) return Promise.resolve({});
    this.#questions += 1;
    const id = this.#questions;
    const {promise, resolve} = Promise.withResolvers<Answer>();
    process.waiting.set(id, resolve);
    process.socket.write(`${JSON.stringify({id, ...question})}\n`);
    const timer = setTimeout(() => resolve({}), ANSWER_WITHIN_MS);
    return promise.finally(() => {
      clearTimeout(timer);
      process.waiting.delete(id);
    });
  }

  #hear(socket: Socket): void {
    const waiting: Connected['waiting'] = new Map();
    socket.on('error', () => {});
    createInterface({input: socket}).on('line', line => {
      const told = JSON.parse(line) as Answer & {readonly pid?: number; readonly id?: number};
      if (told.pid !== undefined) this.#connected.set(told.pid, {socket, waiting});
      else waiting.get(told.id ?? 0)?.(told);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const {socket} of this.#connected.values()) socket.destroy();
    this.#server.close();
    await rm(this.#folder, {recursive: true, force: true});
  }
}
