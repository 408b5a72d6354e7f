import {once} from 'node:events';
import {WebSocket} from 'ws';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';

/** What a process holds, after a garbage collection. */
export interface Held {
  /** Bytes that JavaScript can still reach. */
  readonly heap: number;
  /** Bytes of buffers outside of that heap. */
  readonly buffers: number;
  /** Timers that keep the process alive. */
  readonly timers: number;
}

/** Start a process with it, and `Inspector` can look inside. */
export const INSPECTABLE = ['--inspect=127.0.0.1:0'] as const;

const LOOK = `JSON.stringify({
  heap: process.memoryUsage().heapUsed,
  buffers: process.memoryUsage().arrayBuffers,
  timers: process.getActiveResourcesInfo().filter(each => each === 'Timeout').length,
})`;

/** Looks into a running process through Node's inspector. Disposing of it closes its socket. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const {id, result} = JSON.parse(data.toString()) as {id?: number; result?: unknown};
      if (id === undefined) return;
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    socket.on('close', () => {
      for (const each of this.#waiting.values()) each.reject(new Error('the process that is looked into has ended'));
    });
  }

  static async of(process: RunningProcess): Promise<Inspector> {
    const {text} = await process.line(line => line.text.startsWith('Debugger listening on '));
    const socket = new WebSocket(text.slice(text.indexOf('ws://')));
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** Collects all garbage first, so that what is counted is in use. */
  async look(): Promise<Held> {
    await this.#ask('HeapProfiler.collectGarbage');
    const {result} = (await this.#ask('Runtime.evaluate', {expression: LOOK})) as {result: {value: string}};
    return JSON.parse(result.value) as Held;
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = (this.#last += 1);
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({id, method, params}));
    return answer.promise;
  }
}
