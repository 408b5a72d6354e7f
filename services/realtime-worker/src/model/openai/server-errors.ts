import type {Millis} from '@voicebridge/shared/time.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import type {LostCause, ModelEvent} from '../model-adapter.ts';
import {CONFIGURE} from './client-events.ts';
import type {EventFields} from './event-fields.ts';

/** Error codes after which another session would fail in the same way. */
const FATAL: Readonly<Record<string, LostCause>> = {
  insufficient_quota: 'quota',
  billing_hard_limit_reached: 'quota',
  account_deactivated: 'refused',
  invalid_api_key: 'refused',
  model_not_found: 'refused',
  beta_api_shape_disabled: 'misconfigured',
};

/** The cause that an error code stands for, if another session would fail in the same way. */
export function causeOf(code: string): LostCause | undefined {
  // A server may send any word as a code, also one that every object knows.
  return Object.hasOwn(FATAL, code) ? FATAL[code] : undefined;
}

/** The cause that is named somewhere in a close reason or an error, if another session would fail in the same way. */
export function fatalCause(text: string): LostCause | undefined {
  const code = Object.keys(FATAL).find(each => text.includes(each));
  return code === undefined ? undefined : FATAL[code];
}

/** OpenAI's message for a truncation beyond the audio it has: the only place that says how much it has. */
const SHORTER = /^Audio content of (\d+)ms is already shorter than/;

/** What an event of type `error` means: the session is lost, or a command was refused. */
export function refusal(error: EventFields): ModelEvent[] {
  const known = error.idIfAny('code') ?? error.idIfAny('type') ?? 'unknown';
  const message = error.textIfAny('message') ?? '';
  const about = error.idIfAny('event_id');
  const fatal = causeOf(known);
  const note = codeIn(known);
  if (fatal) return [{type: 'lost', cause: fatal, note, detail: message}];
  if (known === 'session_expired') return [{type: 'lost', cause: 'expired', note, detail: message}];
  if (about === CONFIGURE) return [{type: 'lost', cause: 'misconfigured', note, detail: message}];
  const [, holds] = SHORTER.exec(message) ?? [];
  const holdsMs = holds === undefined ? undefined : Number(holds);
  return [{type: 'refused', code: known, message, about, holdsMs}];
}

/** Why a response ended as it did: a code and the server's words. Some servers send `status_details` as text. */
export function detailsOf(response: EventFields): {
  readonly reason: string | undefined;
  readonly message: string | undefined;
} {
  const raw = response.raw('status_details');
  if (typeof raw === 'string') return {reason: raw.slice(0, 512), message: undefined};
  const details = response.fieldsIfAny('status_details');
  const error = details.fieldsIfAny('error');
  return {
    reason: error.idIfAny('code') ?? error.idIfAny('type') ?? details.idIfAny('reason'),
    message: error.textIfAny('message'),
  };
}

const WAIT = /try again in (?:(\d+)m)?(\d+(?:\.\d+)?)(ms|s)/i;

/** The wait in "Please try again in 1.2s", "in 1m30s" or "in 640ms", in milliseconds: no field has it. */
export function waitOf(message: string): Millis | undefined {
  const [, minutes, amount, unit] = WAIT.exec(message) ?? [];
  if (amount === undefined) return undefined;
  return Number(minutes ?? 0) * 60_000 + Number(amount) * (unit?.toLowerCase() === 'ms' ? 1 : 1_000);
}
