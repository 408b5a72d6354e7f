import {Redis} from 'ioredis';
import {GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer} from 'testcontainers';
import {afterAll, describe, expect, test} from 'vitest';
import {describeCallDirectory} from '@voicebridge/shared/call-directory/call-directory.contract.ts';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {provideRedis} from './local-redis.ts';

const IMAGE = 'redis:8-alpine';

// We stop the container ourselves and do not need the clean-up image of Testcontainers.
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';

/** The Redis that operators run in production, in a container; or the reason why there is none here. */
async function startContainer(): Promise<StartedTestContainer | string> {
  try {
    await getContainerRuntimeClient();
  } catch {
    return 'no Docker engine answers';
  }
  try {
    return await new GenericContainer(IMAGE)
      .withExposedPorts(6379)
      .withCommand(['redis-server', '--protected-mode', 'no', '--save', ''])
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
      .withStartupTimeout(60_000)
      .start();
  } catch (error) {
    return `${IMAGE} did not start: ${messageOf(error).slice(0, 120)}`;
  }
}

const started = await startContainer();
const container = typeof started === 'string' ? undefined : started;
const whyNot = typeof started === 'string' ? ` (not here: ${started})` : '';

describe.runIf(container)(`an operator's Redis in a container${whyNot}`, () => {
  const url = container ? `redis://${container.getHost()}:${container.getMappedPort(6379)}` : '';
  const client = new Redis(url, {lazyConnect: true});
  afterAll(async () => {
    client.disconnect();
    await container?.stop();
  });

  describeCallDirectory('in a container', () => new RedisCallDirectory(client));

  test('is used as it is when REDIS_URL names it', async () => {
    const lines: string[] = [];
    const redis = await provideRedis({url, log: line => lines.push(line)});
    expect(redis).toMatchObject({kind: 'given', url});
    expect(lines).toHaveLength(1);
  });
});
