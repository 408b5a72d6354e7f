import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {NO_SPEND_LIMITS} from '@voicebridge/shared/spend/limits.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import {JournalSeal} from '../events/journal-seal.ts';
import {NEVER_PAUSED} from '../health/process-pauses.ts';
import type {CallDeps} from './call-deps.ts';
import {Lingering} from './lingering.ts';
import {MemoryToolLedger} from './tool-ledger.ts';

/** What a call must be given all the same. */
type Given = Pick<CallDeps, 'worker' | 'channels' | 'directory' | 'adapter' | 'clock' | 'metrics' | 'log'> & {
  readonly bus: Pick<MediaBus, 'wellSince'>;
};

/**
 * The dependencies of a call that is alone in the world: no other worker takes it over, no server answers its tools, it
 * costs what it likes, and all that is known of it is in this process.
 */
export function aloneDeps({bus, ...given}: Given): CallDeps {
  return {
    ...given,
    ledger: new MemorySpendLedger(() => given.clock.wall()),
    spendLimits: NO_SPEND_LIMITS,
    toolLedger: new MemoryToolLedger(),
    send: async () => ({status: 200, type: '', body: ''}),
    lingering: new Lingering(),
    assistantNamed: () => undefined,
    streamGraceMs: 15_000,
    rotateAfterMs: 3_000_000,
    showTimingMath: false,
    logModelDetails: false,
    wellSince: name => bus.wellSince(name),
    pauses: NEVER_PAUSED,
    mayCompact: () => true,
    sealOf: () => new JournalSeal(),
    handOver: async () => false,
    isBetterElsewhere: () => false,
  };
}
