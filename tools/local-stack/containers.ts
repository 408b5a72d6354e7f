/** The door to containers for tests. Whatever cannot be had is told in a sentence, and a server of this machine is used. */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {RUN_LABEL} from './run-label.ts';

type Engine = Awaited<ReturnType<Awaited<ReturnType<typeof testcontainers>>['getContainerRuntimeClient']>>;
type Container = ReturnType<Engine['container']['getById']>;

/** A socket of this machine answers in a tenth of it. */
const ENGINE_ANSWERS: Millis = 900;
/** For an image that is not on this machine yet. */
const PULLED: Millis = 120_000;
const STOPPED: Millis = 20_000;
/** How often the engine is asked about a container, how long it may take, and how often in a row it may say nothing. */
const [ASK_EVERY, ASKED, PATIENCE]: readonly [Millis, Millis, number] = [2_000, 15_000, 3];

// `watchdog` below removes what a killed run leaves. The clean-up image of Testcontainers would have to be pulled, and be
// given the engine's socket.
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
// Loaded where it is needed: it takes half a second.
const testcontainers = () => import('testcontainers');

/** A container that runs. Disposing of it removes it; rejects if the engine no longer answers. */
export interface RunningContainer extends AsyncDisposable {
  readonly host: string;
  /** The port of this machine that leads to this port of the container. */
  portOf(port: number): number;
  /** kill -9 of its process; its files stay. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  /** Calls with the reason, once, if it ends by itself, or if the engine goes away, before it is disposed of. */
  onLost(told: (why: string) => void): void;
}

/** Why no container of this image can be started: no engine, or no such image. Undefined once the image is here. */
export async function whyNoContainer(image: string): Promise<string | undefined> {
  const {getContainerRuntimeClient, ImageName} = await testcontainers();
  const engine = await within(ENGINE_ANSWERS, getContainerRuntimeClient()).catch(() => undefined);
  if (!engine) return 'no Docker engine answers';
  const name = ImageName.fromString(image);
  try {
    if (!(await engine.image.exists(name))) await within(PULLED, engine.image.pull(name));
    return undefined;
  } catch (thrown) {
    return `${image} cannot be pulled: ${messageOf(thrown).slice(0, 120)}`;
  }
}

/** Starts a container of an image. Ports of the container are those of this machine, if given so. */
export async function startContainer(
  image: string,
  options: {
    readonly ports: readonly (number | {readonly container: number; readonly host: number})[];
    readonly command?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    /** A log line of a server that is ready; else that its ports are open. */
    readonly readyLine?: RegExp;
  },
): Promise<RunningContainer> {
  const {GenericContainer, getContainerRuntimeClient, Wait} = await testcontainers();
  const wanted = new GenericContainer(image)
    .withExposedPorts(...options.ports)
    .withEnvironment({...options.environment})
    .withLabels({[RUN_LABEL]: watchdog.run})
    .withWaitStrategy(options.readyLine ? Wait.forLogMessage(options.readyLine) : Wait.forListeningPorts())
    .withStartupTimeout(60_000);
  watchdog.changed(1);
  const started = await (options.command ? wanted.withCommand([...options.command]) : wanted).start();
  const container = (await getContainerRuntimeClient()).container.getById(started.getId());
  let isOurs = true;
  return {
    host: started.getHost(),
    portOf: port => started.getMappedPort(port),
    kill: async () => void (await container.kill()),
    start: async () => void (await container.start()),
    onLost(told) {
      void whenLost(container, () => isOurs).then(why => why !== undefined && told(`${why} (${image})`));
    },
    async [Symbol.asyncDispose]() {
      isOurs = false;
      await within(STOPPED, started.stop()).catch((thrown: unknown) => {
        throw new Error(`a container of ${image} may be left: ${messageOf(thrown)}`, {cause: thrown});
      });
      watchdog.changed(-1);
    },
  };
}

/**
 * Why a container no longer runs, or that the engine is gone: it is asked again and again, since a connection that waits
 * for an end does not tell that the engine has died. Undefined once it is not `wanted` any more.
 */
async function whenLost(container: Container, wanted: () => boolean): Promise<string | undefined> {
  let unanswered = 0;
  while (wanted()) {
    try {
      const {State} = await within(ASKED, container.inspect());
      if (!State.Running && wanted()) return 'its container has ended';
      unanswered = 0;
    } catch (thrown) {
      unanswered += 1;
      if (unanswered === PATIENCE && wanted()) return `the Docker engine is gone: ${messageOf(thrown)}`;
    }
    await sleep(ASK_EVERY, undefined, {ref: false});
  }
  return undefined;
}

/** The process that removes our containers when we are killed. It starts with the first of them. */
const watchdog = {
  run: randomBytes(8).toString('hex'),
  child: undefined as ChildProcess | undefined,
  running: 0,
  /** There are so many containers more, or soon will be. */
  changed(by: 1 | -1): void {
    this.child ??= startWatchdog(this.run);
    this.running += by;
    this.child.stdin?.write(`${this.running}\n`);
  },
};

function startWatchdog(run: string): ChildProcess {
  const program = fileURLToPath(new URL('container-watchdog.ts', import.meta.url));
  // Detached: what ends us with all of our processes, such as Ctrl-C, must not reach it.
  const child = spawn(process.execPath, [program, run], {stdio: ['pipe', 'ignore', 'ignore'], detached: true});
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

async function within<Result>(limit: Millis, work: Promise<Result>): Promise<Result> {
  const over = new AbortController();
  const late = sleep(limit, undefined, {signal: over.signal}).then(() => {
    throw new Error(`no answer in ${limit} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}
