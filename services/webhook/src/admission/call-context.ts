import type {WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {AssignDeps} from '@voicebridge/shared/fleet/assign-call.ts';
import type {ProcessId, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';
import type {RefusalLog} from '@voicebridge/shared/observability/refusal-log.ts';
import type {Connection} from '@voicebridge/shared/service/strangers.ts';
import type {CallsOut} from '../calls-out/calls-out.ts';
import type {ChooseEdgeDeps} from './choose-edge.ts';
import type {WebhookConfig} from '../config.ts';
import type {OwnSentences} from './own-sentences.ts';
import type {HeldCallers} from './held-callers.ts';
import type {PeopleCaller} from './people-caller.ts';

/** What is needed to answer a request about a call. */
export interface CallContext extends Omit<AssignDeps, 'directory' | 'metrics'>, Omit<ChooseEdgeDeps, 'config'> {
  /** This process. */
  readonly id: ProcessId;
  readonly config: WebhookConfig;
  readonly directory: CallDirectory;
  readonly bus: Pick<MediaBus, 'trouble' | 'publish' | 'wellSince'>;
  /** What calls cost, and how many there are. */
  readonly ledger: SpendLedger;
  /** Hashes the numbers in the ledger. */
  readonly key: FleetKey;
  readonly workerClient: Pick<WorkerClient, 'ask'>;
  readonly metrics: Metrics;
  readonly traces: Traces;
  /** The calls that we make; undefined: we make none. */
  readonly callsOut?: Pick<CallsOut, 'answered' | 'report' | 'streamEnded'> | undefined;
  /** Calls people for callers; undefined: they are dialled. */
  readonly people?: PeopleCaller | undefined;
  readonly held: HeldCallers;
  /** What the assistants of numbers say where no worker can. */
  readonly says: Pick<OwnSentences, 'for' | 'has'>;
  /** This connection brought a request of the carrier's: it is no stranger's any more. */
  readonly proved: (
    request: {readonly socket: Connection},
    response: {readonly shouldKeepAlive: boolean; removeHeader(name: string): void},
  ) => void;
  readonly refusals: Pick<RefusalLog, 'refused'>;
  /** A ticket that cannot be guessed. */
  readonly newTicket: () => Ticket;
}
