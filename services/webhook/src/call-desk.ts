import type {Asker} from '@voicebridge/shared/asking/asker.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {MediaBus} from '@voicebridge/shared/frame-channel/media-bus.ts';
import type {Metrics} from '@voicebridge/shared/metrics.ts';
import type {PinDeps} from '@voicebridge/shared/pinning/pin-call.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Traces} from '@voicebridge/shared/trace.ts';
import type {ChooseEdgeDeps} from './choose-edge.ts';
import type {WebhookConfig} from './config.ts';
import type {HeldCallers} from './held-callers.ts';

/** What it takes to answer a question about a call. */
export interface CallDesk extends Omit<PinDeps, 'directory' | 'metrics'>, Omit<ChooseEdgeDeps, 'config'> {
  /** This process. */
  readonly id: ProcessId;
  readonly config: WebhookConfig;
  readonly directory: CallDirectory;
  readonly bus: Pick<MediaBus, 'trouble'>;
  readonly asker: Pick<Asker, 'ask'>;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly held: HeldCallers;
}
