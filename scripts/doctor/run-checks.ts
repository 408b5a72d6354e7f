import {messageOf} from '@voicebridge/shared/errors.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {broken, type Check, type Finding} from './finding.ts';

/** What a check found, and how long it took. */
export interface Checked {
  readonly name: string;
  readonly findings: readonly Finding[];
  readonly took: Millis;
}

export interface RunOptions {
  readonly clock: Clock;
  /** A check that takes longer counts as broken. */
  readonly within: Millis;
  /** Called after each check, with the names of those that still run. */
  readonly done?: (checked: Checked, running: readonly string[]) => void;
}

/** Runs all checks side by side. Resolves with what they found, in their order; never rejects because of one of them. */
export async function runChecks(checks: readonly Check[], {clock, within, done}: RunOptions): Promise<Checked[]> {
  const running = new Set(checks);
  const one = async (check: Check): Promise<Checked> => {
    const began = clock.now();
    const late = sleep(clock, within).then(() => [
      broken(`no answer within ${within / 1_000} s`, 'Something on the way drops what is sent: a firewall, a proxy.'),
    ]);
    const findings = await Promise.race([look(check), late]);
    running.delete(check);
    const checked = {name: check.name, findings, took: clock.now() - began};
    done?.(
      checked,
      [...running].map(({name}) => name),
    );
    return checked;
  };
  return await Promise.all(checks.map(one));
}

async function look(check: Check): Promise<readonly Finding[]> {
  try {
    return await check.run();
  } catch (thrown) {
    return [broken(`could not be checked: ${messageOf(thrown)}`, 'If that says nothing to you, please report it.')];
  }
}
