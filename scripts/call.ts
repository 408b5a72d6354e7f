/** `npm run call -- +4722334455 reminder name=Ada`: has a call made, and waits for what becomes of it. */
import {randomUUID} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {HaveCalled, readCallCommand} from './call/have-called.ts';

const read = readCallCommand(process.argv.slice(2), process.env['CALLS_TOKEN']);
if ('help' in read) {
  console.log(read.help);
} else if ('problem' in read) {
  console.error(read.problem);
  process.exitCode = 1;
} else {
  const call = new HaveCalled(read, {fetch, wait: () => sleep(1_000), say: line => console.log(line)});
  const {problem, state} = await call.run(randomUUID());
  if (problem !== undefined) console.error(problem);
  process.exitCode = state === 'completed' ? 0 : 1;
}
