import {setTimeout as sleep} from 'node:timers/promises';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {percentiles} from '../load/percentiles.ts';
import {Tape} from '../load/tape.ts';
import {flood, FLOODS} from './flooding-phone.ts';
import {ringing, sign, type SignedBridge} from './signed-bridge.ts';
import {HostileSockets} from './strangers.ts';
import {megabytes, ms, table} from './table.ts';

const SETTLE = 2_000;

interface Options {
  readonly calls: number;
  readonly seconds: number;
  readonly sockets: number;
}

/** Calls with nothing beside them, with an attack, and with nothing again, in one run. */
export async function besideCalls(bridge: SignedBridge, {calls, seconds, sockets}: Options): Promise<string> {
  const rows: (string | number)[][] = [];
  const measure = async (what: string, more: () => string = () => '') => {
    const tape = new Tape();
    bridge.load.tape = tape;
    await bridge.load.dial(bridge.webhookUrl, calls);
    await sleep(SETTLE);
    const before = await bridge.costOf('edge');
    tape.start();
    await sleep(seconds * 1_000);
    tape.stop();
    const after = await bridge.costOf('edge');
    await sleep(700);
    const [up, down] = [percentiles(tape.up), percentiles(tape.down)];
    const told = more();
    await bridge.load.hangUp();
    await sleep(1_500);
    const share = Math.round((after.cpuMs - before.cpuMs) / (seconds * 10));
    rows.push([
      what,
      `${ms(up.p50)} / ${ms(up.p99)}`,
      ms(down.p99),
      tape.lost,
      `${calls - tape.refused} of ${calls}`,
      tape.dropped,
      `${share} %`,
      megabytes(after.rssBytes),
      told,
    ]);
  };
  await measure('nothing');
  {
    using hostile = new HostileSockets(bridge.system.edgePort, sockets);
    await sleep(2_000);
    await measure(
      `${sockets} hostile sockets at the edge`,
      () => `${hostile.opened} opened, ${hostile.size} open, oldest ${Math.round(hostile.oldestMs / 1_000)} s`,
    );
  }
  await sleep(1_000);
  await measure('nothing');
  {
    using hostile = new HostileSockets(bridge.webhookPort, sockets);
    await sleep(2_000);
    await measure(
      `${sockets} hostile sockets at the webhook`,
      () => `${hostile.opened} opened, ${hostile.size} open, oldest ${Math.round(hostile.oldestMs / 1_000)} s`,
    );
  }
  {
    const stop = new AbortController();
    let calls = 0;
    const again = async () => {
      while (!stop.signal.aborted) {
        const callSid = sid('CA');
        const url = await bridge.admit(ringing(callSid));
        calls += 1;
        await flood(FLOODS[1] ?? FLOODS[0]!, url, callSid, sign(url, {}));
        await bridge.over(callSid);
        await sleep(200);
      }
    };
    const flooding = again();
    await measure('a phone with a second of audio 140 times a second, again when closed', () => `${calls} calls of it`);
    stop.abort();
    await flooding;
  }
  await measure('nothing');
  const heads = [
    `beside ${calls} calls, ${seconds} s each`,
    'caller → model p50 / p99',
    'model → caller p99',
    'frames lost',
    'connected',
    'dropped',
    'edge',
    'edge memory',
    '',
  ];
  return table(heads, rows);
}
