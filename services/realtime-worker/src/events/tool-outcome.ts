import {EndReason, Notes, TOOL_OUTCOMES} from '@voicebridge/shared/cdr/call-record.ts';
import type {AwayOrder} from '@voicebridge/shared/protocol/away.ts';
import {z} from 'zod';

/** What the model wrote as the arguments of a tool, parsed. A tool in code checks it with its own schema. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** The outcome of a tool call. A result may be read by another worker than the one that wrote it. */
export const ToolOutcome = z.discriminatedUnion('kind', [
  /** The result, in words or as JSON. The model is given it, and is asked to speak. The record of the call has the `notes`. */
  z.object({
    kind: z.literal('output'),
    output: z.string(),
    notes: Notes.optional(),
    /** It has digits in it that the caller entered. */
    isSecret: z.boolean().optional(),
  }),
  /** The same for a tool that did not succeed: `output` says so to the model. `as`: what the record calls it, if not `failed`. */
  z.object({
    kind: z.literal('failed'),
    output: z.string(),
    as: z.enum(TOOL_OUTCOMES).exclude(['ok', 'failed']).optional(),
  }),
  /**
   * The assistant leaves the call once the caller has heard its last word. The caller can prevent that by speaking.
   * `facts` are for the webhook: a `transfer` needs `transferTo`, a telephone number or a SIP address.
   */
  z.object({
    kind: z.literal('leave'),
    intent: z.enum(['hang-up', 'transfer']),
    reason: EndReason,
    facts: z.record(z.string(), z.string()).optional(),
  }),
]);
export type ToolOutcome = Readonly<z.infer<typeof ToolOutcome>>;

/**
 * The caller goes away for a while once they have heard `say`, and what was said before. They can prevent that by
 * speaking. The outcome is the result of the tool.
 */
export interface SentAway {
  readonly kind: 'away';
  readonly order: AwayOrder;
  /** Said word for word before; undefined: nothing more. */
  readonly say: string | undefined;
}
