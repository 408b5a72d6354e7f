import {setTimeout as sleep} from 'node:timers/promises';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {flood, FLOODS} from './flooding-phone.ts';
import {ringing, sign, type SignedBridge} from './signed-bridge.ts';
import {megabytes, ms, table} from './table.ts';

/** One admitted phone at a time that sends more than it may. */
export async function phoneFloods(bridge: SignedBridge, progress: (text: string) => void): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const each of FLOODS) {
    const callSid = sid('CA');
    const url = await bridge.admit(ringing(callSid));
    const [heard, before] = [bridge.load.model.heardMs, await bridge.costOf('edge')];
    const {afterMs, code, sent} = await flood(each, url, callSid, sign(url, {}));
    await sleep(1_000);
    const after = await bridge.costOf('edge');
    await bridge.over(callSid);
    progress(`${each.what}: ${code} after ${ms(afterMs)}`);
    const seconds = (bridge.load.model.heardMs - heard) / 1_000;
    const grown = megabytes(Math.max(0, after.rssBytes - before.rssBytes));
    rows.push([each.what, `${code} after ${ms(afterMs)}`, sent, `${seconds.toFixed(1)} s`, grown]);
  }
  return table(
    ['one admitted phone', 'closed', 'messages sent', 'audio that the model was given', 'edge memory'],
    rows,
  );
}
