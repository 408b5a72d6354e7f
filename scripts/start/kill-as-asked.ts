import {z} from 'zod';
import type {Kept} from './keep-running.ts';
import type {Planned} from './plan.ts';

/** What the analytics of `npm run talk` asks for when somebody at the phone in the browser does. */
export const KillAsked = z.object({kill: z.enum(['worker', 'edge']), id: z.string()});
export type KillAsked = z.infer<typeof KillAsked>;

const SERVICES: Readonly<Record<KillAsked['kill'], Planned['service']>> = {
  worker: 'realtime-worker',
  edge: 'media-edge',
};

/** Kills the worker or the edge that has this id in its log, if it is one of ours. Returns what to tell the operator. */
export function killAsAsked(
  message: unknown,
  kept: readonly {readonly planned: Pick<Planned, 'service'>; readonly process: Kept}[],
): string {
  const asked = KillAsked.safeParse(message).data;
  if (!asked) return 'analytics sent something that is no request';
  const {kill, id} = asked;
  const found = kept.find(
    ({planned, process}) => planned.service === SERVICES[kill] && process.lines().some(({json}) => json?.[kill] === id),
  );
  if (!found) return `the ${kill} ${id} has the call, and is none of this machine's: nothing was killed`;
  found.process.kill();
  return `${found.process.name} was killed by the page of the phone: the call goes on elsewhere`;
}
