import {IfNobody, LONGEST_WHISPER} from '@voicebridge/shared/protocol/away.ts';
import {isDialable} from '@voicebridge/shared/protocol/destinations.ts';
import {z} from 'zod';
import {variablesIn} from './variables.ts';

const sentence = (max = LONGEST_WHISPER) => z.string().trim().min(1, 'must not be empty').max(max);

/** A number, a SIP address or a client; `{{variable}}` may stand for all of it. */
const destination = z
  .string()
  .max(300)
  .refine(
    text => isDialable(text) || /^\{\{\s*[\w.]+\s*\}\}$/.test(text),
    'must be a number such as +4722334455, sip:…, client:… or a {{variable}} with one of these',
  );

const queue = z.strictObject({
  queue: z.string().trim().min(1).max(64),
  /** The workflow of TaskRouter that routes the caller. */
  workflow: z
    .string()
    .regex(/^WW[0-9a-fA-F]{32}$/, 'must be WW and 32 hexadecimal digits')
    .optional(),
});

const one = z.union([destination, queue]);
const placeName = z.string().regex(/^[a-z][\w-]{0,39}$/i, 'must be a name of letters, digits, _ and -');

/** Where a tool sends callers. `*`: to a destination that the model is told, if TRANSFER_ALLOW allows it. */
export const TransferTo = z.union([z.literal('*'), one, z.strictObject({oneOf: z.record(placeName, one)})]);
export type Destination = z.infer<typeof one>;

export const WhisperWords = z.strictObject({
  /** Said in place of the summary that the model writes. */
  say: sentence().optional(),
  /** Tells the person which key to press. */
  accept: sentence(200).optional(),
  /** The key that takes the caller. */
  key: z.string().regex(/^\d$/, 'must be one digit').optional(),
});

/** Sends the caller to a person, and takes them back if nobody is there: `transfer({to: '+4722334455', when: '…'})`. */
export const TransferTool = z.strictObject({
  kind: z.literal('transfer'),
  to: TransferTo.describe(
    'a number, sip:…, client:… or {queue}; {oneOf: {sales: …, support: …}}: the model chooses; *: any that TRANSFER_ALLOW allows',
  ),
  when: sentence(1_000).describe('when to use it, in words to the model'),
  say: sentence().optional().describe('said word for word before the caller goes'),
  ringFor: z
    .number()
    .int()
    .min(5)
    .max(600)
    .optional()
    .describe('seconds until nobody answers, or in a queue; 20 if not given, 120 in a queue'),
  whisper: z
    .union([z.boolean(), WhisperWords])
    .optional()
    .describe(
      'the person hears a summary and takes the caller with a key, so no voice mailbox does; false: connected at once',
    ),
  ifNobody: IfNobody.optional().describe(
    'return, if not given: the caller comes back to the assistant, which knows what happened',
  ),
  nobodySay: sentence()
    .optional()
    .describe('what the caller hears with voicemail or hang up, from the carrier’s voice'),
  record: z.boolean().optional().describe('whether the carrier records the conversation with the person'),
  refer: z.boolean().optional().describe('hands a caller who came by SIP to a SIP address with REFER'),
  warm: z
    .boolean()
    .optional()
    .describe(
      'the caller hears music while the person is called and asked, and then both meet in a conference; needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN on the webhook',
    ),
});
export type TransferTool = Readonly<z.infer<typeof TransferTool>>;

/** Defines a tool that sends the caller to a person. */
export function transfer(tool: Omit<TransferTool, 'kind'>): TransferTool {
  return {kind: 'transfer', ...tool};
}

/** The texts of the tool in which variables may stand, for the check that something fills them in. */
export function textsOfTransfer({to, say, whisper, nobodySay}: TransferTool): readonly string[] {
  const places = typeof to === 'object' && 'oneOf' in to ? Object.values(to.oneOf) : [to];
  const words = typeof whisper === 'object' ? [whisper.say, whisper.accept] : [];
  return [...places.filter(place => typeof place === 'string'), say, nobodySay, ...words].filter(
    text => text !== undefined,
  );
}

/** The variables that a transfer says something with, or goes to. */
export function variablesOfTransfer(tool: TransferTool): readonly string[] {
  return textsOfTransfer(tool).flatMap(variablesIn);
}
