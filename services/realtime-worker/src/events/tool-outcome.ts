import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';

/** What the model wrote as the arguments of a tool, parsed. Nothing has compared it with the tool's JSON Schema. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** What came of a tool call. */
export type ToolOutcome =
  /** The result, in words or as JSON. The model is given it, and is asked to speak. */
  | {readonly kind: 'output'; readonly output: string}
  /** The same for a tool that did not succeed: `output` says so to the model, and the call record has `ok: false`. */
  | {readonly kind: 'failed'; readonly output: string}
  /**
   * The assistant leaves the call once the caller has heard its last word. The caller can prevent that by speaking.
   * `facts` are for the webhook: a `transfer` needs `transferTo`, a telephone number or a SIP address.
   */
  | {
      readonly kind: 'leave';
      readonly intent: 'hang-up' | 'transfer';
      readonly reason: EndReason;
      readonly facts?: Facts;
    };
