import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {fileURLToPath} from 'node:url';

/**
 * A listener that is no part of the product and closes each socket at once: the least that any program can do with it. What calls
 * notice while it is attacked, they notice of the attacker, of the kernel and of a full machine. A process of its own, as edge and
 * webhook are.
 */
export class BareListener implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<BareListener> {
    const child = fork(fileURLToPath(import.meta.url), ['listen'], {execArgv: []});
    const [port] = (await once(child, 'message')) as [number];
    return new BareListener(child, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}

if (process.argv[2] === 'listen' && process.send) {
  const server = createServer(socket => socket.on('error', () => {}).destroy());
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}
