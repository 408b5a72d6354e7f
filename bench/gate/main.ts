/**
 * For CI: does a call still cost no more than so many times what it costs in the plain bridge? Ours and the plain one in turn, at most
 * three pairs, until one is within the bound. Exit code 1 if none is.
 *
 *   npm run bench:gate
 */
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {totalCpu} from '../load/measurement.ts';
import {RunningBridge} from '../load/running.ts';
import {otherSystem, startOurs} from '../load/systems.ts';
import {ms, percent} from '../load/tables.ts';
import {isOpen, judge, MOST_TIMES_PLAIN, type Pair} from './bound.ts';

const values = commandLine({
  command: 'npm run bench:gate --',
  about: 'Fails if a call costs more processor time than the bound allows, compared with the plain bridge.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 1_000}).default(40).describe('how many calls at a time'),
    seconds: wholeNumber({min: 1, max: 60}).default(3).describe('how long each measurement takes'),
    pairs: wholeNumber({min: 1, max: 10}).default(3).describe('how many pairs at most'),
  }),
});

if (process.platform !== 'linux' || !(await findRedisBinary())) {
  console.log('skipped: processor time is read from /proc, and this needs a redis-server 7 on the PATH');
  process.exit(0);
}
await using stack = new AsyncDisposableStack();
const [ours, plain] = await Promise.all([
  RunningBridge.start('ours', startOurs),
  RunningBridge.start('plain', otherSystem('plain')),
]);
stack.use(ours);
stack.use(plain);
const pairs: Pair[] = [];
while (pairs.length < values.pairs && isOpen(pairs, MOST_TIMES_PLAIN)) {
  const a = await ours.measure({...values, memory: false});
  const b = await plain.measure({...values, memory: false});
  const missing = [a, b].reduce((sum, {refused, dropped}) => sum + refused + dropped, 0);
  // A call that is not there costs nothing.
  if (missing > 0) throw new Error(`${missing} of ${2 * values.calls} calls were refused or dropped`);
  const ratio = totalCpu(a) / totalCpu(b);
  const others = Math.max(...[a, b].map(({machine}) => machine.others + machine.stolen));
  pairs.push({ratio, others});
  console.log(
    `${values.calls} calls: ours ${ms(totalCpu(a))}, plain ${ms(totalCpu(b))} ms of processor time per call-second, ${ratio.toFixed(2)} times as much; other work took ${percent(others)} of the machine`,
  );
}
const {passed, ratio} = judge(pairs, MOST_TIMES_PLAIN);
console.log(
  `${passed ? 'ok' : 'too dear'}: ${ratio.toFixed(2)} times the plain bridge, the bound is ${MOST_TIMES_PLAIN}`,
);
await stack.disposeAsync();
process.exit(passed ? 0 : 1);
