import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import type {CallSettings} from '../call/call-core.ts';
import type {CallDeps, CallStart} from './call-deps.ts';

/** What the core of a call must know of this worker and of the call's previous owners. */
export function coreSettings(
  {clock, worker, adapter, streamGraceMs, rotateAfterMs}: CallDeps,
  assistant: Assistant,
  {epoch}: Pick<CallEntry, 'epoch'>,
  {restored, cause}: CallStart,
): CallSettings {
  const kind = cause === 'worker-drained' ? cause : 'worker-lost';
  const offset = clock.wall() - clock.now() - (restored?.openedWall ?? clock.wall());
  return {
    assistant,
    ...adapter.traits,
    epoch,
    worker,
    callTime: (at: Millis) => Math.max(0, at + offset),
    streamGraceMs,
    rotateAfterMs,
    takenOver: restored && {kind, from: restored.owner ?? null},
  };
}
