/** The door to containers for tests. Whatever cannot be had is told in a sentence, and a server of this machine is used. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {StartedTestContainer} from 'testcontainers';
import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A socket of this machine answers in a tenth of it. */
const ENGINE_ANSWERS: Millis = 900;
/** For an image that is not on this machine yet. */
const PULLED: Millis = 120_000;

// Whoever starts a container stops it, so the clean-up image of Testcontainers is not needed.
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
// Loaded where it is needed: it takes half a second.
const testcontainers = () => import('testcontainers');

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

/** Starts a container of an image, which is removed on `stop`. Ports of the container are those of this machine, if given so. */
export async function startContainer(
  image: string,
  options: {
    readonly ports: readonly (number | {readonly container: number; readonly host: number})[];
    readonly command?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    /** A log line of a server that is ready; else that its ports are open. */
    readonly readyLine?: RegExp;
  },
): Promise<StartedTestContainer> {
  const {GenericContainer, Wait} = await testcontainers();
  const container = new GenericContainer(image)
    .withExposedPorts(...options.ports)
    .withEnvironment({...options.environment})
    .withWaitStrategy(options.readyLine ? Wait.forLogMessage(options.readyLine) : Wait.forListeningPorts())
    .withStartupTimeout(60_000);
  return (options.command ? container.withCommand([...options.command]) : container).start();
}

/** A container that was started may die and live again: its process is killed with -9, its files stay. */
export async function killAndStart(started: StartedTestContainer) {
  const {getContainerRuntimeClient} = await testcontainers();
  const container = (await getContainerRuntimeClient()).container.getById(started.getId());
  return {kill: () => container.kill(), start: () => container.start()};
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
