import {rehearsalOfCapture} from '@voicebridge/shared/rehearsal/rehearsal-of-capture.ts';
import {rehearsalText} from '@voicebridge/shared/rehearsal/rehearsal-text.ts';
import type {RecordedCall} from './recorded-call.ts';

/** A file for npm run rehearse with what the caller of this call did. */
export function rehearsalOf(call: RecordedCall): string {
  return rehearsalText(rehearsalOfCapture([...call.edges, ...call.workers].flatMap(section => section.lines)));
}
