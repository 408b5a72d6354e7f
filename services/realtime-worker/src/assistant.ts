import type {ResolvedAssistant} from '@voicebridge/assistant/resolved.ts';
import type {RingAsked} from '@voicebridge/shared/cdr/call-record.ts';
import type {Tool} from './tools/tool.ts';

/** How one assistant yields to a caller who speaks over it. */
export type FloorPolicy = Readonly<ResolvedAssistant['floor']>;

/** The assistant that answers a call, how it behaves, and what it can do besides speaking. Names of tools are unique. */
export interface Assistant extends Readonly<ResolvedAssistant> {
  readonly tools: readonly Tool[];
  /** The hash of what it is without this call's variables… */
  readonly version: string;
  /** …and the variables that are of this call alone. `variables` has all. */
  readonly given: Readonly<Record<string, string>>;
  /** The outcome of the questions at ring time; undefined: nothing was asked. */
  readonly ring?: RingAsked | undefined;
  /** It has tools in code that this worker has not: they are not among its `tools`. */
  readonly lacksCode?: boolean;
}
