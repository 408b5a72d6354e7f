import type {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import type {SendRequest} from '@voicebridge/assistant/http/send-request.ts';
import type {VersionStore} from '@voicebridge/assistant/store/version-store.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {AnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {Fleet} from '@voicebridge/shared/fleet/fleet.ts';
import type {NumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import type {WriteProbe} from '@voicebridge/shared/redis/write-probe.ts';
import type {WorkerSide} from '@voicebridge/shared/rpc/operator-desk.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {AskRingUrl} from './assistants/ring.ts';
import type {ToolLedger} from './call-session/tool-ledger.ts';
import type {ModelAdapter} from './model/model-adapter.ts';
import type {JournalReaders} from './ownership/journal-readers.ts';
import type {OpenRecording} from './recording/recording.ts';

/** What a worker is given: `main.ts` gives it Redis, tests give it memory. */
export interface WorkerDeps {
  readonly bus: MediaBus;
  /** Checks what is asked and signs the answers; nothing is signed if not given. */
  readonly key?: FleetKey | undefined;
  /** Where operators ask; nobody does if not given. */
  readonly operatorDesk?: WorkerSide;
  readonly directory: CallDirectory;
  readonly fleet: Fleet;
  /** Which journals all workers can read; this worker keeps it up to date. */
  readonly readers?: JournalReaders;
  /** What calls cost; known to this process alone if not given. */
  readonly ledger?: SpendLedger;
  readonly queue: AnalyticsQueue;
  /** The health of the queue's Redis; that of the bus if not given. */
  readonly queueHealth?: Pick<WriteProbe, 'trouble' | 'hasWorked'>;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** The model; the configured one if not given. */
  readonly adapter?: ModelAdapter;
  /** Whether a session is opened as a try before this worker joins; otherwise the first caller finds out. */
  readonly preflight?: boolean;
  /** Which tools have begun; one of this process alone if not given. */
  readonly toolLedger?: ToolLedger;
  /** Asks other servers, for tools; without secrets if not given. */
  readonly send?: SendRequest;
  /** The value of a variable of the environment, for MCP servers; none is set if not given. */
  readonly secret?: (name: string) => string | undefined;
  /** Opens the recordings of calls; no call is recorded if not given. */
  readonly openRecording?: OpenRecording;
  /** Where recordings are kept; no call is recorded if neither this nor `openRecording` is given. */
  readonly recordings?: RecordingStore | undefined;
  /** The assistants in files; that of the environment alone if not given. */
  readonly assistants?: Pick<LiveCatalogue, 'current' | 'onChange'>;
  /** Asks RING_URL about calls; nothing is asked if not given. */
  readonly askRingUrl?: AskRingUrl | undefined;
  /** Where their versions are kept; in this process alone if not given. */
  readonly versions?: VersionStore;
  /** Where webhooks are told what the assistants of numbers say; they are not if not given. */
  readonly sentences?: NumberSentences;
  readonly metrics?: Metrics;
  /** Where spans go; nowhere if not given. */
  readonly traces?: Traces;
}
