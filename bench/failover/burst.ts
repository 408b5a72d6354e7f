import {setTimeout as sleep} from 'node:timers/promises';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {makeBusy} from '../admission/busy-machine.ts';
import type {Plan, Row} from './stats.ts';

const CALLS = 50;
const TALK_MS = 12_000;

const TALKS: CallerScript = Array.from({length: 20}, (): CallerScript => [
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-yes'},
]).flat();

/**
 * Fifty callers dial in the same moment, beside other work that wants every processor all the time. Nobody dies, so every
 * worker that is called dead is living and only busy.
 */
export async function burst({repetitions}: Plan): Promise<Row[]> {
  const [deaths, moves]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < repetitions; turn += 1) {
    await using fleet = await ProcessFleet.start({edges: 2, workers: 2, model: {MODEL_TAGGED: 'on'}});
    await using _busy = makeBusy(1, 1);
    const calls = Array.from({length: CALLS}, (_unused, tag) => fleet.twilio.dial(TALKS, {tag}));
    await sleep(TALK_MS);
    for (const call of calls) call.hangUp();
    await Promise.all(calls.map(call => call.ended));
    const said = fleet.edges.flatMap(edge => edge.lines.map(({json}) => json?.['msg']));
    deaths.push(said.filter(message => message === 'peer is dead').length);
    moves.push(said.filter(message => message === 'call has a new owner').length);
  }
  return [
    {
      what: `${CALLS} callers in one moment, 2 edges, 2 workers, every processor wanted by other work: living workers called dead, calls moved, for each of ${repetitions} runs`,
      goal: '0',
      result: `called dead ${deaths.join(', ')}; moved ${moves.join(', ')}`,
    },
  ];
}
