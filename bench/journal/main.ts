/**
 * What the journals of calls cost: the next owner of a call of any age, each worker that looks for calls without an
 * owner, and Redis while a call goes on.
 *
 *   npm run bench journal -- [--calls 10] [--seconds 30]
 */
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {findRedisBinary, startEmbeddedRedis, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {claimCost} from './claims.ts';
import {sealingCost} from './sealing.ts';
import {sweepCost} from './sweep.ts';
import {journalWrites} from './writes.ts';

const {calls, seconds} = commandLine({
  command: 'npm run bench journal --',
  about: 'What the journals of calls cost.',
  options: z.object({
    calls: wholeNumber({min: 0, max: 1_000}).default(10).describe('calls in conversation; 0: only the takes'),
    seconds: wholeNumber({min: 1, max: 3_600}).default(30).describe('how long Redis is watched'),
  }),
});

const binary = await findRedisBinary();
const redis = await (binary ? startRedisBinary(binary) : startEmbeddedRedis());
console.log('| a call of | entries | journal | claim | read and restored | then: its past | in one piece |');
console.log('| --- | --: | --: | --: | --: | --: | --: |');
const [plain, compacted, sealed] = [
  {isCompacted: false, isSealed: false},
  {isCompacted: true, isSealed: false},
  {isCompacted: true, isSealed: true},
];
for (const [minutes, form] of [
  [0.25, plain],
  [10, plain],
  [60, plain],
  [0.25, compacted],
  [10, compacted],
  [60, compacted],
  [0.25, sealed],
  [10, sealed],
  [60, sealed],
] as const) {
  const {isCompacted, isSealed} = form;
  const cost = await claimCost(`redis://127.0.0.1:${redis.port}`, minutes, form);
  const [claim, restore, recall, blocked] = [cost.claimMs, cost.restoreMs, cost.recallMs, cost.blockedMs].map(
    ms => `${ms.toFixed(2)} ms`,
  );
  const age = minutes < 1 ? `${minutes * 60} s` : `${minutes} min`;
  const row = [
    `${age}${isCompacted ? '' : ', not compacted'}${isSealed ? ', sealed' : ''}`,
    cost.entries,
    `${cost.kilobytes.toFixed(0)} KiB`,
  ];
  console.log(`| ${[...row, claim, restore, isCompacted ? `${recall} | ${blocked}` : ' | '].join(' | ')} |`);
}
const {plainUs, sealedUs, openedUs, plainBytes, sealedBytes} = sealingCost();
console.log(
  `\nan entry: ${plainUs.toFixed(1)} µs to write it in clear, ${sealedUs.toFixed(1)} µs sealed, and ${openedUs.toFixed(1)} µs more to read it; ${plainBytes.toFixed(0)} and ${sealedBytes.toFixed(0)} bytes`,
);
for (const open of [0, 10_000]) {
  const sweep = await sweepCost(`redis://127.0.0.1:${redis.port}`, open, seconds);
  const core = `${(sweep.core * 100).toFixed(1)} % of a core`;
  console.log(
    `\n${open} open calls: looking for orphans takes ${sweep.reads.toFixed(0)} reads of calls a second, ${core}`,
  );
}
await redis.close();

if (calls > 0) {
  const writes = await journalWrites(calls, seconds);
  console.log(`\nper call and second, ${calls} calls in conversation for ${seconds} s:`);
  console.log(
    `${writes.scripts.toFixed(2)} scripts, ${writes.entries.toFixed(2)} entries, ${writes.expires.toFixed(2)} EXPIREs,`,
  );
  console.log(`${writes.microseconds.toFixed(0)} µs of Redis in scripts`);
}
process.exit(0);
