import {ActiveCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {OperatorSide} from '@voicebridge/shared/rpc/operator-desk.ts';
import {z} from 'zod';

/** The calls in progress, as their workers told them within the last seconds. */
export const ActiveCalls = z.object({
  calls: z.array(ActiveCall.extend({worker: z.string()})).describe('the oldest first'),
  silent: z
    .array(z.string())
    .describe('workers that have calls and did not tell them: of an older version, or hanging'),
});
export type ActiveCalls = z.infer<typeof ActiveCalls>;

/**
 * Asks the workers for their calls, and reads what they told since the last time. So the first answer may be empty, and is
 * complete two seconds later. `workers`: those that have calls.
 */
export async function readActiveCalls(desk: OperatorSide, workers: readonly ProcessId[]): Promise<ActiveCalls> {
  const told = await Promise.all(
    workers.map(async worker => {
      const [calls] = await Promise.all([desk.callsOf(worker), desk.ask(worker, {ask: 'watch'})]);
      return {worker, calls};
    }),
  );
  return {
    calls: told
      // Where a caller can be transferred to is for whoever may do that.
      .flatMap(({worker, calls}) => (calls ?? []).map(call => ({...ActiveCall.parse(call), worker})))
      .toSorted((a, b) => a.startedAt - b.startedAt),
    silent: told.flatMap(({worker, calls}) => (calls === undefined ? [worker] : [])),
  };
}
