import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {getContainerRuntimeClient} from 'testcontainers';
import {describe, expect, inject, test, vi} from 'vitest';
import {startContainer} from './containers.ts';

const image = inject('redisImage');
const redis = {ports: [6379], readyLine: /Ready to accept connections/};
/** A run of its own: starts a container, says where it is, and would stay. */
const RUN = `
  import {startContainer} from '${new URL('containers.ts', import.meta.url).href}';
  const container = await startContainer(${JSON.stringify(image)}, {ports: [6379], readyLine: /Ready to accept/});
  console.log(container.portOf(6379));
  setInterval(() => {}, 1_000);`;

/** The container that this port of the machine leads to. */
async function containerAt(port: number) {
  const {dockerode} = (await getContainerRuntimeClient()).container;
  const all = await dockerode.listContainers();
  const found = all.find(({Ports}) => Ports.some(({PublicPort}) => PublicPort === port));
  return dockerode.getContainer(found?.Id ?? 'there is none');
}

describe.skipIf(image === '')('whoever tests in containers', {timeout: 180_000}, () => {
  test.each(['SIGKILL', 'SIGINT'] as const)('leaves none behind when the run ends by %s', async signal => {
    const run = spawn(process.execPath, ['--input-type=module', '-e', RUN], {stdio: ['ignore', 'pipe', 'inherit']});
    const [port] = (await once(createInterface({input: run.stdout}), 'line')) as [string];
    const container = await containerAt(Number(port));
    expect((await container.inspect()).State.Running).toBe(true);
    run.kill(signal);
    await vi.waitFor(() => expect(container.inspect()).rejects.toThrow('no such container'), {
      timeout: 90_000,
      interval: 200,
    });
  });

  test('is told when one ends by itself, and not when it was stopped', async () => {
    const told = vi.fn();
    const stopped = await startContainer(image, redis);
    stopped.onLost(told);
    await stopped[Symbol.asyncDispose]();
    const lost = await startContainer(image, redis);
    lost.onLost(told);
    expect(told).not.toHaveBeenCalled();
    await lost.kill();
    await vi.waitFor(() => expect(told.mock.calls).toEqual([[`its container has ended (${image})`]]), {
      timeout: 60_000,
    });
    await lost[Symbol.asyncDispose]();
  });
});
