import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {WayBack} from '../../admission/call-answer.ts';
import type {WebhookConfig} from '../../config.ts';

type OfPerson = Pick<WayBack, 'callSid' | 'away'>;
export type Ours = Pick<WebhookConfig, 'PUBLIC_WEBHOOK_URL' | 'WEBHOOK_RETRIES'>;

/**
 * What an address has behind it that makes Twilio ask there again, after any failure
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). By default it does so only where it could not
 * connect, and a webhook that is killed while it answers costs a caller their call. Neither sent nor, it is said, signed.
 */
export const overrides = (retries: number): string => (retries === 0 ? '' : `#rc=${retries}&rp=all`);

/** An address at which Twilio asks what to do, or tells what has happened. `path`: with its query. */
export const ourUrl = (path: string, {PUBLIC_WEBHOOK_URL: origin, WEBHOOK_RETRIES: retries}: Ours): string =>
  `${origin}${path}${overrides(retries)}`;

const backPath = ({leg, away}: WayBack) => `/after-stream?leg=${leg}&away=${away}`;

/** What Twilio asks when a caller who was away is to come back. */
export const backUrl = (back: WayBack, ours: Ours): string => ourUrl(backPath(back), ours);

/** The same, where the outcome is known already. */
export const broughtBackUrl = (back: WayBack, outcome: AwayOutcome, ours: Ours): string =>
  ourUrl(`${backPath(back)}&came=${outcome}`, ours);

/** What Twilio asks when a person who is called for a caller answers. `asked`: and when they have pressed a key. */
export const whisperUrl = (
  {meets, asked = false, ...person}: OfPerson & {readonly meets: boolean; readonly asked?: boolean},
  ours: Ours,
): string => ourUrl(`/whisper?${queryOf(person)}${meets ? '&meets=1' : ''}${asked ? '&asked=1' : ''}`, ours);

/** What Twilio tells when the call to a person is over. */
export const personStatusUrl = (person: OfPerson, ours: Ours): string =>
  ourUrl(`/person-status?${queryOf(person)}`, ours);

const musicPath = (back: WayBack) => `/music?${queryOf(back)}&leg=${back.leg}`;

/** What Twilio asks again and again for a caller to hear while a person is called. */
export const musicUrl = (back: WayBack, ours: Ours): string => ourUrl(musicPath(back), ours);

/** The same where a caller begins to wait: Twilio treats that address as one of its own kind, and keeps what it answers. */
export const waitUrl = (back: WayBack, {PUBLIC_WEBHOOK_URL: origin}: Ours): string => `${origin}${musicPath(back)}`;

const queryOf = ({callSid, away}: OfPerson) => `call=${encodeURIComponent(callSid)}&away=${away}`;
