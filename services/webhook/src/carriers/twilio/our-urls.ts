import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {WayBack} from '../../admission/call-answer.ts';

type OfPerson = Pick<WayBack, 'callSid' | 'away'>;

/** What Twilio asks when a caller who was away is to come back. */
export const backUrl = ({leg, away}: WayBack, origin: string): string =>
  `${origin}/after-stream?leg=${leg}&away=${away}`;

/** The same, where it is known already what came of it. */
export const broughtBackUrl = (back: WayBack, outcome: AwayOutcome, origin: string): string =>
  `${backUrl(back, origin)}&came=${outcome}`;

/** What Twilio asks when a person who is called for a caller answers. */
export const whisperUrl = ({meets, ...person}: OfPerson & {readonly meets: boolean}, origin: string): string =>
  `${origin}/whisper?${queryOf(person)}${meets ? '&meets=1' : ''}`;

/** What Twilio tells when the call to a person is over. */
export const personStatusUrl = (person: OfPerson, origin: string): string =>
  `${origin}/person-status?${queryOf(person)}`;

/** What Twilio asks for a caller to hear while a person is called. */
export const musicUrl = (back: WayBack, origin: string): string => `${origin}/music?${queryOf(back)}&leg=${back.leg}`;

const queryOf = ({callSid, away}: OfPerson) => `call=${encodeURIComponent(callSid)}&away=${away}`;
