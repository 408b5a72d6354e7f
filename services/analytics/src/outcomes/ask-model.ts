import {sender} from '@voicebridge/assistant/http/send-request.ts';
import type {OutcomeFields} from '@voicebridge/shared/cdr/outcome.ts';
import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {endpointOf, fillRequest, readAnswer, type Answer, type HeardLine} from './text-model.ts';

/** How long a model may think. */
const TIMEOUT: Millis = 30_000;
/** Twenty fields of 500 characters, and what servers say around them. */
const MAX_BYTES = 262_144;

export interface TextModel {
  /** Ends in `/chat/completions` or `/responses`. */
  readonly url: string;
  readonly key: string | undefined;
  readonly model: string;
}

/** Asks for these fields of a call. Never rejects. */
export type AskModel = (fields: OutcomeFields, heard: readonly HeardLine[]) => Promise<Answer>;

export function modelAsker({url, key, model}: TextModel, timeout: Millis = TIMEOUT): AskModel {
  const send = sender(() => undefined);
  const endpoint = endpointOf(url) ?? 'chat';
  // Azure takes its keys in a header of its own.
  const proof = new URL(url).hostname.endsWith('.azure.com')
    ? {'api-key': key ?? ''}
    : {authorization: `Bearer ${key}`};
  return async (fields, heard) => {
    try {
      const {status, body} = await send({
        method: 'POST',
        url,
        headers: {'content-type': 'application/json', ...(key === undefined ? {} : proof)},
        body: JSON.stringify(fillRequest(endpoint, model, fields, heard)),
        maxBytes: MAX_BYTES,
        // Whoever runs analytics named it, and may run the model beside it.
        allowPrivate: true,
        isSecret: true,
        redirects: false,
        signal: AbortSignal.timeout(timeout),
      });
      return readAnswer(endpoint, status, body, fields);
    } catch (thrown) {
      return {problem: tellMessage(thrown), isFinal: false};
    }
  };
}
