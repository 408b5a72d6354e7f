/**
 * A service with one call in hand, run as a process of its own by the tests of `main()`. `SAMPLE` says what goes wrong
 * once it serves.
 */
import {z} from 'zod';
import {main, serve, type Service} from '../service/lifecycle.ts';

const SampleEnv = z.object({
  LOG_LEVEL: z.string().default('info'),
  DRAIN_SECONDS: z.coerce.number().default(5),
  SAMPLE: z.enum(['throws', 'throws twice', 'rejects']),
});

const throwLater = (message: string) =>
  setImmediate(() => {
    throw new Error(message);
  });

await main('sample', SampleEnv, async ({config, log, stop, clock}) => {
  const {SAMPLE} = config;
  const service: Service = {
    name: 'sample',
    notReady: () => undefined,
    async drain() {
      if (SAMPLE === 'throws twice') throwLater('a bug while draining');
      log.debug('draining in detail');
      for (let turn = 0; turn < 10; turn += 1) await new Promise(resolve => setImmediate(resolve));
      log.info('call handed over');
    },
    async [Symbol.asyncDispose]() {},
  };
  const open = setInterval(() => {}, 60_000); // a socket of a caller
  log.info('serving');
  if (SAMPLE === 'rejects') void Promise.reject(new Error('a rejection without a handler'));
  else throwLater('a bug in one call');
  await serve(service, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
  clearInterval(open);
});
